/**
 * Names of vendors (SMI private enterprise numbers) that appear in Supported-Vendor-Id and in AVPs.
 */
export const VENDORS: Readonly<Record<number, string>> = {
  9: "Cisco",
  11: "HP",
  94: "Nokia",
  193: "Ericsson",
  311: "Microsoft",
  323: "Oracle Tekelec",
  637: "Alcatel-Lucent",
  2011: "Huawei",
  2636: "Juniper",
  5535: "3GPP2",
  5771: "Cisco Systems",
  8164: "Starent",
  12645: "Vodafone",
  12951: "Verizon Wireless",
  13019: "ETSI",
  19444: "Metaswitch",
  28458: "Nokia Siemens Networks",
};
