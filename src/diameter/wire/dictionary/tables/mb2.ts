import type { Specification } from "../specification.ts";

/** Group communication: MB2-C (3GPP TS 29.468). */
export const MB2: Specification = {
  title: "3GPP TS 29.468",
  vendor: 10415,
  applications: [
    [16777335, "3GPP MB2-C"],
  ],
  commands: [
    [8388662, "GCS-Action", "GA", 16777335],
    [8388663, "GCS-Notification", "GN", 16777335],
  ],
  avps: [
    [3500, "BMSC-Address", "Address", "M"],
    [3501, "BMSC-Port", "Unsigned32", "M"],
    [3502, "MBMS-Bearer-Event", "Unsigned32", "M"],
    [3503, "MBMS-Bearer-Event-Notification", "Grouped", "M"],
    [3504, "MBMS-Bearer-Request", "Grouped", "M"],
    [3505, "MBMS-Bearer-Response", "Grouped", "M"],
    [3506, "MBMS-Bearer-Result", "Unsigned32", "M"],
    [3507, "MBMS-Start-Time", "Time", "M"],
    [3508, "Radio-Frequency", "Unsigned32", "M"],
    [3509, "TMGI-Allocation-Request", "Grouped", "M"],
    [3510, "TMGI-Allocation-Response", "Grouped", "M"],
    [3511, "TMGI-Allocation-Result", "Unsigned32", "M"],
    [3512, "TMGI-Deallocation-Request", "Grouped", "M"],
    [3513, "TMGI-Deallocation-Response", "Grouped", "M"],
    [3514, "TMGI-Deallocation-Result", "Unsigned32", "M"],
    [3515, "TMGI-Expiry", "Grouped", "M"],
    [3516, "TMGI-Number", "Unsigned32", "M"],
    [3517, "MB2U-Security", "Unsigned32", "M"],
  ],
};
