/**
 * The AVPs that tell who a subscriber is, how to reach them, or how to pass for them: identities,
 * numbers, equipment, addresses, credentials and keys, and AVPs that carry other protocols with
 * these in them. Names of nodes, networks, access points and cells are not among them: an operator
 * needs them to find a fault.
 *
 * Each part is headed by its specification, as in `dictionary/tables`.
 * @module
 */

/** Codes of one specification, with the names that it gives them. */
export interface MaskedAvps {
  readonly specification: string;
  /** Vendor-Id of all of them; 0 for the IETF's. */
  readonly vendor: number;
  readonly avps: Readonly<Record<number, string>>;
}

const THREE_GPP = 10415;

export const MASKED_AVPS: readonly MaskedAvps[] = [
  { specification: "RFC 6733", vendor: 0, avps: { 1: "User-Name" } },
  {
    specification: "RFC 7155 and the RADIUS attributes that it takes over",
    vendor: 0,
    avps: {
      2: "User-Password",
      3: "CHAP-Password",
      8: "Framed-IP-Address",
      19: "Callback-Number",
      20: "Callback-Id",
      22: "Framed-Route",
      31: "Calling-Station-Id",
      60: "CHAP-Challenge",
      69: "Tunnel-Password",
      70: "ARAP-Password",
      74: "ARAP-Security-Data",
      79: "EAP-Message",
      84: "ARAP-Challenge-Response",
      89: "Chargeable-User-Identity",
      96: "Framed-Interface-Id",
      97: "Framed-IPv6-Prefix",
      99: "Framed-IPv6-Route",
      102: "EAP-Key-Name",
      123: "Delegated-IPv6-Prefix",
      168: "Framed-IPv6-Address",
      400: "NAS-Filter-Rule",
      405: "CHAP-Response",
    },
  },
  {
    specification: "RFC 4740 and RFC 5090",
    vendor: 0,
    avps: {
      103: "Digest-Response",
      106: "Digest-Response-Auth",
      115: "Digest-Username",
      118: "Digest-AKA-Auts",
      121: "Digest-HA1",
      122: "SIP-AOR",
      391: "SIP-User-Data-Contents",
    },
  },
  {
    specification: "RFC 8506",
    vendor: 0,
    avps: {
      444: "Subscription-Id-Data",
      460: "User-Equipment-Info-Value",
      654: "User-Equipment-Info-IMEISV",
      655: "User-Equipment-Info-MAC",
      656: "User-Equipment-Info-EUI64",
      657: "User-Equipment-Info-ModifiedEUI64",
      658: "User-Equipment-Info-IMEI",
      660: "Subscription-Id-E164",
      661: "Subscription-Id-IMSI",
      662: "Subscription-Id-SIP-URI",
      663: "Subscription-Id-NAI",
      664: "Subscription-Id-Private",
    },
  },
  {
    specification: "RFC 4072",
    vendor: 0,
    avps: { 462: "EAP-Payload", 463: "EAP-Reissued-Payload", 464: "EAP-Master-Session-Key" },
  },
  {
    specification: "RFC 4004, RFC 5447, RFC 5778 and RFC 5779",
    vendor: 0,
    avps: {
      125: "MIP6-Home-Link-Prefix",
      320: "MIP-Reg-Request",
      321: "MIP-Reg-Reply",
      333: "MIP-Mobile-Node-Address",
      342: "MIP-Filter-Rule",
      343: "MIP-Session-Key",
      487: "MIP-Careof-Address",
      488: "MIP-Authenticator",
      489: "MIP-MAC-Mobility-Data",
      505: "PMIP6-IPv4-Home-Address",
      506: "Mobile-Node-Identifier",
    },
  },
  { specification: "RFC 6734", vendor: 0, avps: { 583: "Keying-Material", 585: "Key-Name" } },
  {
    specification: "RFC 5777",
    vendor: 0,
    avps: {
      518: "IP-Address",
      520: "IP-Address-Start",
      521: "IP-Address-End",
      524: "MAC-Address",
      527: "EUI64-Address",
    },
  },
  {
    specification: "3GPP TS 29.272",
    vendor: THREE_GPP,
    avps: {
      1402: "IMEI",
      1411: "Re-Synchronization-Info",
      1444: "User-Id",
      1447: "RAND",
      1448: "XRES",
      1449: "AUTN",
      1450: "KASME",
      1453: "Kc",
      1454: "SRES",
      1471: "3GPP2-MEID",
      1621: "Ext-PDP-Address",
      1643: "A-MSISDN",
    },
  },
  {
    specification: "3GPP TS 29.229",
    vendor: THREE_GPP,
    avps: {
      601: "Public-Identity",
      606: "Cx-User-Data",
      609: "SIP-Authenticate",
      610: "SIP-Authorization",
      611: "SIP-Authentication-Context",
      625: "Confidentiality-Key",
      626: "Integrity-Key",
      636: "Wildcarded-IMPU",
      641: "Contact",
      643: "Call-ID-SIP-Header",
      644: "From-SIP-Header",
      645: "To-SIP-Header",
    },
  },
  { specification: "3GPP TS 29.329", vendor: THREE_GPP, avps: { 701: "MSISDN", 702: "Sh-User-Data" } },
  { specification: "3GPP TS 29.173", vendor: THREE_GPP, avps: { 2400: "LMSI" } },
  {
    specification: "3GPP TS 29.273",
    vendor: THREE_GPP,
    avps: { 1506: "MIP-FA-RK", 1535: "WLCP-Key" },
  },
  {
    specification: "3GPP TS 29.234",
    vendor: THREE_GPP,
    avps: { 301: "Authentication-Information-SIM", 302: "Authorization-Information-SIM", 312: "Routing-Policy" },
  },
  {
    specification: "3GPP TS 29.109",
    vendor: THREE_GPP,
    avps: {
      400: "GBA-UserSecSettings",
      401: "Transaction-Identifier",
      405: "ME-Key-Material",
      406: "UICC-Key-Material",
      411: "UE-Id",
      417: "GBA-Push-Info",
    },
  },
  {
    specification: "3GPP TS 29.061",
    vendor: THREE_GPP,
    avps: { 1: "3GPP-IMSI", 20: "3GPP-IMEISV" },
  },
  {
    specification: "3GPP TS 29.212",
    vendor: THREE_GPP,
    avps: {
      1012: "TFT-Filter",
      1036: "Tunnel-Header-Filter",
      1059: "Packet-Filter-Content",
      2804: "HeNB-Local-IP-Address",
      2805: "UE-Local-IP-Address",
    },
  },
  { specification: "3GPP TS 29.214", vendor: THREE_GPP, avps: { 507: "Flow-Description" } },
  { specification: "3GPP TS 29.336", vendor: THREE_GPP, avps: { 3111: "External-Identifier" } },
  { specification: "3GPP TS 29.338", vendor: THREE_GPP, avps: { 3301: "SM-RP-UI", 3309: "SM-RP-SMEA" } },
  { specification: "3GPP TS 29.128", vendor: THREE_GPP, avps: { 4315: "Non-IP-Data" } },
  {
    specification: "3GPP TS 29.140",
    vendor: THREE_GPP,
    avps: { 1104: "Sender-Address", 1108: "MM10-Recipient-Address" },
  },
  {
    specification: "3GPP TS 32.299",
    vendor: THREE_GPP,
    avps: {
      831: "Calling-Party-Address",
      832: "Called-Party-Address",
      837: "Application-Provided-Called-Party-Address",
      842: "SDP-Session-Description",
      845: "SDP-Media-Description",
      848: "Served-Party-IP-Address",
      856: "Associated-URI",
      857: "Charged-Party",
      894: "WLAN-UE-Local-IPAddress",
      897: "Address-Data",
      1227: "PDP-Address",
      1250: "Called-Asserted-Identity",
      1251: "Requested-Party-Address",
      1280: "Alternate-Charged-Party-Address",
      1288: "Media-Initiator-Party",
      2035: "Associated-Party-Address",
      2708: "From-Address",
      3432: "Monitoring-UE-Identifier",
      3916: "Called-Identity",
      4409: "ProSe-UE-to-Network-Relay-UE-ID",
      4412: "Target-IP-Address",
    },
  },
];
