import type { Specification } from "../specification.ts";

/** Spending limits: Sy (3GPP TS 29.219). */
export const SY: Specification = {
  title: "3GPP TS 29.219",
  vendor: 10415,
  applications: [
    [16777302, "3GPP Sy"],
  ],
  commands: [
    [8388635, "Spending-Limit", "SL", 16777302],
    [8388636, "Spending-Status-Notification", "SN", 16777302],
  ],
  avps: [
    [2901, "Policy-Counter-Identifier", "UTF8String", "M"],
    [2902, "Policy-Counter-Status", "UTF8String", "M"],
    [2903, "Policy-Counter-Status-Report", "Grouped", "M"],
    [2904, "SL-Request-Type", "Enumerated", "M"],
    [2905, "Pending-Policy-Counter-Information", "Grouped", "M"],
    [2906, "Pending-Policy-Counter-Change-Time", "Time", "M"],
  ],
  values: {
    "SL-Request-Type": { 0: "INITIAL_REQUEST", 1: "INTERMEDIATE_REQUEST" },
  },
};
