import { assertEquals } from "@std/assert";
import { winsElection } from "../../../src/diameter/peer/election.ts";

const ELECTIONS: readonly { readonly local: string; readonly remote: string; readonly wins: boolean }[] = [
  { local: "gw.example.net", remote: "dra.example.net", wins: true },
  { local: "dra.example.net", remote: "gw.example.net", wins: false },
  // Case counts for nothing, on either side.
  { local: "GW.example.net", remote: "dra.example.net", wins: true },
  { local: "gw.example.net", remote: "DRA.example.net", wins: true },
  { local: "a.EXAMPLE.net", remote: "A.example.NET", wins: false },
  // Octets, not numbers or labels.
  { local: "gw10.example.net", remote: "gw9.example.net", wins: false },
  { local: "gw-1.example.net", remote: "gw.example.net", wins: false },
  { local: "gw_1.example.net", remote: "gw-1.example.net", wins: true },
  { local: "gw_1.example.net", remote: "GWA1.example.net", wins: false },
  // What goes on where the other one ends comes behind it.
  { local: "gw.example.net.org", remote: "gw.example.net", wins: true },
  { local: "gw.example.net", remote: "gw.example.net.org", wins: false },
  // Nobody wins against itself.
  { local: "gw.example.net", remote: "gw.example.net", wins: false },
];

for (const { local, remote, wins } of ELECTIONS) {
  Deno.test(`C12 ${local} ${wins ? "wins" : "does not win"} the election against ${remote}`, () => {
    assertEquals(winsElection(local, remote), wins);
  });
}
