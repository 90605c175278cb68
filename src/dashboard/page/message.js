// @ts-check
/// <reference lib="dom" />
/**
 * A decoded message, AVP by AVP, and its bytes.
 * @module
 */
/** @import { Avp, RecordedMessage } from "./types.d.ts" */
import { h } from "./dom.js";
import { bytes, clockMs, hex32 } from "./format.js";

const BYTES_IN_ROW = 16;

/** @param {RecordedMessage} recorded */
export function messageView({ at, peer, sent, hex, decoded }) {
  const { flags } = decoded;
  const letters = [
    flags.request && "R",
    flags.proxiable && "P",
    flags.error && "E",
    flags.retransmitted && "T",
  ].filter(Boolean).join(" ");
  return h(
    "section",
    { "aria-label": decoded.name },
    h("h4", {}, decoded.name, h("span", { class: "quiet" }, ` ${sent ? "to" : "from"} ${peer}, ${clockMs(at)}`)),
    h(
      "p",
      { class: "quiet" },
      [
        bytes(decoded.length),
        letters === "" ? "no flags" : `flags ${letters}`,
        decoded.application_name ?? `application ${decoded.application}`,
        `hop-by-hop ${hex32(decoded.hop_by_hop)}`,
        `end-to-end ${hex32(decoded.end_to_end)}`,
      ].join(" · "),
    ),
    ...decoded.problems.map(({ offset, message }) => h("p", { class: "problem" }, `Byte ${offset}: ${message}`)),
    h(
      "table",
      { class: "avps" },
      h(
        "thead",
        {},
        h("tr", {}, ...["AVP", "Code", "Flags", "Value"].map((title) => h("th", { scope: "col" }, title))),
      ),
      h("tbody", {}, ...rowsOf(decoded.avps, 0)),
    ),
    h("details", {}, h("summary", {}, "Bytes"), h("pre", { tabindex: 0 }, dump(hex))),
  );
}

/** @param {readonly Avp[]} avps @param {number} depth @returns {HTMLElement[]} */
function rowsOf(avps, depth) {
  return avps.flatMap((avp) => {
    const value = avp.error ?? (avp.avps === undefined ? String(avp.value ?? avp.hex ?? "") : "");
    const { vendor, mandatory, protected: isProtected } = avp.flags;
    const flags = [vendor && "V", mandatory && "M", isProtected && "P"].filter(Boolean).join("");
    return [
      h(
        "tr",
        { "data-depth": Math.min(depth, 4) },
        h("th", { scope: "row" }, avp.name ?? "unknown"),
        h("td", { class: "code" }, avp.vendor === 0 ? avp.code : `${avp.vendor}:${avp.code}`),
        h("td", {}, flags),
        h(
          "td",
          { class: avp.error === undefined ? "value" : "value problem", title: avp.type },
          value,
          avp.value_name === undefined ? null : h("span", { class: "quiet" }, ` ${avp.value_name}`),
          avp.unusual === undefined ? null : h("span", { class: "warn" }, ` ${avp.unusual}`),
        ),
      ),
      ...rowsOf(avp.avps ?? [], depth + 1),
    ];
  });
}

/** Offset, digits, and what of it is text. @param {string} hex */
function dump(hex) {
  const octets = (hex.match(/../g) ?? []).map((digits) => Number.parseInt(digits, 16));
  const lines = [];
  for (let at = 0; at < octets.length; at += BYTES_IN_ROW) {
    const row = octets.slice(at, at + BYTES_IN_ROW);
    const digits = row.map((octet) => octet.toString(16).padStart(2, "0")).join(" ");
    const text = row.map((octet) => octet >= 0x20 && octet < 0x7f ? String.fromCharCode(octet) : ".").join("");
    lines.push(`${at.toString(16).padStart(4, "0")}  ${digits.padEnd(3 * BYTES_IN_ROW - 1)}  ${text}`);
  }
  return lines.join("\n");
}
