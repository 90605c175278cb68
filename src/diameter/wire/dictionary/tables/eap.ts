import type { Specification } from "../specification.ts";

/** Extensible Authentication Protocol application (RFC 4072). */
export const EAP: Specification = {
  title: "RFC 4072",
  vendor: 0,
  applications: [
    [5, "EAP"],
  ],
  commands: [
    [268, "Diameter-EAP", "DE", 5],
  ],
  avps: [
    [462, "EAP-Payload", "OctetString", "M"],
    [463, "EAP-Reissued-Payload", "OctetString", "M"],
    [464, "EAP-Master-Session-Key", "OctetString"],
    [465, "Accounting-EAP-Auth-Method", "Unsigned64"],
  ],
};
