import type { Specification } from "../specification.ts";

/**
 * Overload control (RFC 7683, RFC 8581), load (RFC 8583), routing message priority (RFC 7944) and
 * realm redirection (RFC 7075).
 */
export const OVERLOAD: Specification = {
  title: "RFC 7683, RFC 7944, RFC 8581, RFC 8583",
  vendor: 0,
  avps: [
    [301, "DRMP", "Enumerated"],
    [620, "Redirect-Realm", "DiameterIdentity"],
    [621, "OC-Supported-Features", "Grouped"],
    [622, "OC-Feature-Vector", "Unsigned64"],
    [623, "OC-OLR", "Grouped"],
    [624, "OC-Sequence-Number", "Unsigned64"],
    [625, "OC-Validity-Duration", "Unsigned32"],
    [626, "OC-Report-Type", "Enumerated"],
    [627, "OC-Reduction-Percentage", "Unsigned32"],
    [648, "OC-Peer-Algo", "Unsigned64"],
    [649, "SourceID", "DiameterIdentity"],
    [650, "Load", "Grouped"],
    [651, "Load-Type", "Enumerated"],
    [652, "Load-Value", "Unsigned64"],
  ],
  values: {
    DRMP: {
      0: "PRIORITY_0",
      1: "PRIORITY_1",
      2: "PRIORITY_2",
      3: "PRIORITY_3",
      4: "PRIORITY_4",
      5: "PRIORITY_5",
      6: "PRIORITY_6",
      7: "PRIORITY_7",
      8: "PRIORITY_8",
      9: "PRIORITY_9",
      10: "PRIORITY_10",
      11: "PRIORITY_11",
      12: "PRIORITY_12",
      13: "PRIORITY_13",
      14: "PRIORITY_14",
      15: "PRIORITY_15",
    },
    "OC-Report-Type": { 0: "HOST_REPORT", 1: "REALM_REPORT", 2: "PEER_REPORT" },
    "Load-Type": { 0: "HOST", 1: "PEER" },
  },
};
