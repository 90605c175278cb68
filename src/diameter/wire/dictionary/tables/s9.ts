import type { Specification } from "../specification.ts";

/** Policy and charging over S9 (3GPP TS 29.215). */
export const S9: Specification = {
  title: "3GPP TS 29.215",
  vendor: 10415,
  applications: [
    [16777267, "3GPP S9"],
    [16777319, "3GPP S9a"],
    [16777320, "3GPP S9a*"],
  ],
  commands: [
    [8388656, "Trigger-Establishment", "TE", 16777319],
  ],
  avps: [
    [2200, "Subsession-Decision-Info", "Grouped", "M"],
    [2201, "Subsession-Enforcement-Info", "Grouped", "M"],
    [2202, "Subsession-Id", "Unsigned32", "M"],
    [2203, "Subsession-Operation", "Enumerated", "M"],
    [2204, "Multiple-BBERF-Action", "Enumerated", "M"],
  ],
  values: {
    "Subsession-Operation": { 0: "TERMINATION", 1: "ESTABLISHMENT", 2: "MODIFICATION" },
    "Multiple-BBERF-Action": { 0: "ESTABLISHMENT", 1: "TERMINATION" },
  },
};
