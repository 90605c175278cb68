import type { Specification } from "../specification.ts";

/** Wireless LAN interworking: Wx and Pr (3GPP TS 29.234). */
export const WLAN: Specification = {
  title: "3GPP TS 29.234",
  vendor: 10415,
  applications: [
    [16777219, "3GPP Wx"],
    [16777230, "3GPP Pr"],
  ],
  avps: [
    [100, "3GPP-WLAN-APN-Id", "OctetString", "M"],
    [300, "Authentication-Method", "Enumerated", "M"],
    [301, "Authentication-Information-SIM", "OctetString", "M"],
    [302, "Authorization-Information-SIM", "OctetString", "M"],
    [303, "WLAN-User-Data", "Grouped", "M"],
    [304, "Charging-Data", "Grouped", "M"],
    [305, "WLAN-Access", "Enumerated", "M"],
    [306, "WLAN-3GPP-IP-Access", "Enumerated", "M"],
    [307, "APN-Authorized", "Grouped", "M"],
    [309, "APN-Barring-Type", "Enumerated", "M"],
    [310, "WLAN-Direct-IP-Access", "Enumerated", "M"],
    [311, "Session-Request-Type", "Enumerated", "M"],
    [312, "Routing-Policy", "IPFilterRule", "M"],
    [313, "Max-Requested-Bandwidth", "OctetString", "M"],
    [314, "Charging-Characteristics", "OctetString", "M"],
    [315, "Charging-Nodes", "Grouped", "M"],
    [316, "Primary-OCS-Charging-Function-Name", "DiameterIdentity", "M"],
    [317, "Secondary-OCS-Charging-Function-Name", "DiameterIdentity", "M"],
    [318, "3GPP-AAA-Server-Name", "DiameterIdentity", "M"],
    [319, "Maximum-Number-Accesses", "Unsigned32", "M"],
  ],
  values: {
    "Authentication-Method": { 0: "WLAN_EAP_SIM", 1: "WLAN_EAP_AKA" },
    "WLAN-Access": { 0: "WLAN_SUBSCRIPTION_ALLOWED", 1: "WLAN_SUBSCRIPTION_BARRED" },
    "WLAN-3GPP-IP-Access": { 0: "WLAN_APNS_ENABLE", 1: "WLAN_APNS_DISABLE" },
    "APN-Barring-Type": {
      0: "WLAN_APN_NO_BARRING",
      1: "WLAN_APN_HOME_BARRED_WHEN_ROAMING",
      2: "WLAN_APN_VISITED_BARRED",
      3: "WLAN_APN_HOME_BARRED",
      4: "WLAN_APN_INTERNET_ACCESS_BARRED",
    },
    "WLAN-Direct-IP-Access": { 0: "WLAN_DIRECT_IP_ACCESS", 1: "WLAN_NO_DIRECT_IP_ACCESS" },
    "Session-Request-Type": { 0: "AUTHORIZATION_REQUEST", 1: "ROUTING_POLICY" },
  },
};
