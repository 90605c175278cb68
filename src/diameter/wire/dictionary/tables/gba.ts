import type { Specification } from "../specification.ts";

/** Generic bootstrapping: Zh, Zn and Zpn (3GPP TS 29.109). */
export const GBA: Specification = {
  title: "3GPP TS 29.109",
  vendor: 10415,
  applications: [
    [16777220, "3GPP Zn"],
    [16777221, "3GPP Zh"],
    [16777268, "3GPP Zpn"],
  ],
  commands: [
    [310, "Bootstrapping-Info", "BI", 16777220],
    [312, "GBAPush-Info", "GP", 16777268],
  ],
  avps: [
    [400, "GBA-UserSecSettings", "OctetString"],
    [401, "Transaction-Identifier", "OctetString"],
    [402, "NAF-Hostname", "OctetString"],
    [403, "GAA-Service-Identifier", "OctetString"],
    [404, "Key-ExpiryTime", "Time"],
    [405, "ME-Key-Material", "OctetString"],
    [406, "UICC-Key-Material", "OctetString"],
    [407, "GBA_U-Awareness-Indicator", "Enumerated"],
    [408, "BootstrapInfoCreationTime", "Time"],
    [409, "GUSS-Timestamp", "Time"],
    [410, "GBA-Type", "Enumerated"],
    [411, "UE-Id", "OctetString"],
    [412, "UE-Id-Type", "Enumerated"],
    [413, "UICC-App-Label", "OctetString"],
    [414, "UICC-ME", "Enumerated"],
    [415, "Requested-Key-Lifetime", "Time"],
    [416, "Private-Identity-Request", "Enumerated"],
    [417, "GBA-Push-Info", "OctetString"],
    [418, "NAF-SA-Identifier", "OctetString"],
    [419, "Security-Feature-Request", "OctetString"],
    [420, "Security-Feature-Response", "OctetString"],
  ],
  values: {
    "GBA_U-Awareness-Indicator": { 0: "NO", 1: "YES" },
    "GBA-Type": { 0: "3G_GBA", 1: "2G_GBA" },
    "UE-Id-Type": { 0: "PRIVATE_USER_IDENTITY", 1: "PUBLIC_USER_IDENTITY" },
    "UICC-ME": { 0: "GBA_ME", 1: "GBA_U" },
    "Private-Identity-Request": { 0: "PRIVATE_IDENTITY_REQUESTED", 1: "PRIVATE_IDENTITY_NOT_REQUESTED" },
  },
};
