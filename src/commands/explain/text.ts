/**
 * An explanation for people.
 * @module
 */
import type { Explanation } from "../../diameter/relay/explain.ts";
import { resultCodeName } from "../../diameter/wire/result_codes.ts";

/** The explanation in lines. */
export function explanationText(found: Explanation): string {
  const { request, routes, route, action, pool, candidates, answer } = found;
  const { application, command, destinationRealm, destinationHost, originHost, sessionId } = request;
  const lines = [
    `request     command ${command} of application ${application}`,
    `            Origin-Host ${originHost ?? "none"}, Destination-Realm ${destinationRealm ?? "none"}, ` +
    `Destination-Host ${destinationHost ?? "none"}`,
    ...(sessionId === null ? [] : [`            Session-Id ${sessionId}`]),
    ...routes.map(({ name, matched, because }, i) =>
      `${i === 0 ? "routes" : "      "}      ${matched ? "yes" : "no "}  ${name}: ${because}`
    ),
    ...(route === null ? [] : [
      `takes       ${route === "default" ? "no route of its own (default)" : `route ${route}`}` +
      (action === "pool" ? `, pool ${pool ?? ""}` : action === "reject" ? ", which rejects it" : ""),
    ]),
    ...candidates.map(({ dra, group, verdict, reason }, i) =>
      `${i === 0 ? "DRAs" : "    "}        ${group ?? "-"}  ${dra}: ${verdict}, ${reason}`
    ),
  ];
  const first = candidates.filter(({ verdict }) => verdict === "candidate").map(({ dra }) => dra);
  lines.push(
    answer === null
      ? `goes to     ${first.join(" or ")}`
      : `is answered ${answer.code} ${resultCodeName(answer.code)} (${answer.reason})`,
  );
  return lines.join("\n");
}
