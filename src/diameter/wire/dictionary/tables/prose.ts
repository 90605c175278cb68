import type { Specification } from "../specification.ts";

/** Proximity services: PC4a (3GPP TS 29.344). */
export const PROSE: Specification = {
  title: "3GPP TS 29.344",
  vendor: 10415,
  applications: [
    [16777336, "3GPP PC4a"],
    [16777337, "3GPP PC2"],
    [16777340, "3GPP PC6/PC7"],
  ],
  commands: [
    [8388664, "ProSe-Subscriber-Information", "PI", 16777336],
    [8388665, "Update-ProSe-Subscriber-Data", "UP", 16777336],
    [8388666, "ProSe-Notify", "PN", 16777336],
    [8388667, "Reset", "RS", 16777336],
    [8388713, "ProSe-Initial-Location-Information", "PS", 16777336],
  ],
  avps: [
    [3701, "ProSe-Subscription-Data", "Grouped", "M"],
    [3702, "ProSe-Permission", "Unsigned32", "M"],
    [3703, "ProSe-Allowed-PLMN", "Grouped", "M"],
    [3704, "ProSe-Direct-Allowed", "Unsigned32", "M"],
    [3705, "UPR-Flags", "Unsigned32", "M"],
    [3706, "PNR-Flags", "Unsigned32", "M"],
    [3707, "ProSe-Initial-Location-Information", "Grouped", "M"],
    [3708, "Authorized-Discovery-Range", "Unsigned32", "M"],
  ],
};
