// @ts-check
/// <reference lib="dom" />
/**
 * The clients: who has calls in flight, the busiest first.
 * @module
 */
/** @import { Client } from "./types.d.ts" */
import { byId, fill, h, setText } from "./dom.js";
import { age, bytes, count, plural } from "./format.js";

/** More of them are counted, and not shown. */
const SHOWN = 100;
const TITLES = ["Client", "In flight", "Calls", "In", "Out", "For"];

/** The list. */
export class ClientList {
  /** @param {readonly Client[]} clients */
  show(clients) {
    const sorted = [...clients].sort((a, b) => b.calls_in_flight - a.calls_in_flight || b.calls - a.calls);
    const calls = clients.reduce((sum, client) => sum + client.calls_in_flight, 0);
    setText(
      byId("grpc-clients-count", HTMLElement),
      `${plural(clients.length, "connection")}, ${plural(calls, "live call")}` +
        (clients.length > SHOWN ? `; the ${SHOWN} busiest` : ""),
    );
    const rows = sorted.slice(0, SHOWN).map((client) => {
      const texts = [
        `${client.remote}${client.tls ? " TLS" : ""}`,
        count(client.calls_in_flight),
        count(client.calls),
        bytes(client.bytes_in),
        bytes(client.bytes_out),
        age(client.age_seconds),
      ];
      return h("tr", {}, ...texts.map((text, i) => h("td", { class: i === 0 ? "remote" : "number" }, text)));
    });
    fill(
      byId("grpc-client-list", HTMLElement),
      clients.length === 0 ? h("p", { class: "nothing" }, "No client is connected.") : h(
        "table",
        { class: "clients" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ...TITLES.map((title, i) => h("th", { scope: "col", class: i === 0 ? "remote" : "number" }, title)),
          ),
        ),
        h("tbody", {}, ...rows),
      ),
    );
  }
}
