/**
 * The conditions of everything that is configured, or all that is wrong with them.
 * @module
 */
import type { GatewayOptions } from "../core/options.ts";
import type { MatchOptions, ScreeningRule } from "../core/policy_options.ts";
import {
  avpConditions,
  below,
  type CompileContext,
  compileMatch,
  type Complaint,
  judgeIdentities,
  numbers,
} from "./compile.ts";
import { type Condition, destination, firstOf, IdentityCondition } from "./conditions.ts";
import { ORIGIN, type Reading } from "./reading.ts";
import { OriginHostIsPeer, RouteRecordsCondition } from "./screening.ts";

/** Conditions, each in the order of what is configured. */
export interface CompiledPolicy {
  readonly routes: readonly (readonly Condition[])[];
  readonly limits: readonly (readonly Condition[])[];
  readonly rules: readonly (readonly Condition[])[];
}

/**
 * Compiles them.
 * @param complain is told of each thing that is wrong, and where, spelled as in the file
 * @param nearest the known word that a mistyped one most likely meant
 */
export function compilePolicy(
  { routing, limits, screening, server }: Pick<GatewayOptions, "routing" | "limits" | "screening" | "server">,
  reading: Reading,
  complain: Complaint,
  nearest: CompileContext["nearest"] = () => undefined,
): CompiledPolicy {
  const listeners = [...server.listen, ...server.tls?.listen ?? []];
  const context = (...place: (string | number)[]): CompileContext => ({
    reading,
    listeners,
    nearest,
    complain: below({ complain }, ...place),
  });
  const matched = (match: MatchOptions | undefined, ...place: (string | number)[]) =>
    match === undefined ? [] : compileMatch(match, context(...place, "match"));
  return {
    routes: routing.routes.map(({ match }, i) => matched(match, "routing", "routes", i)),
    limits: limits.map(({ match }, i) => matched(match, "limits", i)),
    rules: screening.rules.map((rule, i) => ruleConditions(rule, context("screening", "rules", i))),
  };
}

function ruleConditions(rule: ScreeningRule, context: CompileContext): Condition[] {
  const { reading } = context;
  const conditions: Condition[] = [];
  const { applications, commands } = rule;
  if (applications.length > 0) conditions.push(...numbers("application", applications, context, ["applications"]));
  if (commands.length > 0) conditions.push(...numbers("command", commands, context, ["commands"]));
  const identities = {
    destination_realms: [rule.destinationRealms, () => destination("destinationRealm")],
    origin_hosts: [rule.originHosts, () => firstOf(reading.valuesAt(ORIGIN.host))],
    origin_realms: [rule.originRealms, () => firstOf(reading.valuesAt(ORIGIN.realm))],
  } as const;
  for (const [key, [matches, source]] of Object.entries(identities)) {
    if (matches.length === 0) continue;
    judgeIdentities(matches, below(context, key), true);
    conditions.push(new IdentityCondition(key, source(), matches));
  }
  if (rule.maxRouteRecords !== undefined) conditions.push(new RouteRecordsCondition(rule.maxRouteRecords));
  if (rule.originHostIsPeer) conditions.push(new OriginHostIsPeer(reading));
  for (const [i, avp] of rule.avps.entries()) {
    conditions.push(...avpConditions(avp, { ...context, complain: below(context, "avps", i) }));
  }
  return conditions;
}
