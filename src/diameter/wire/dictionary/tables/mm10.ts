import type { Specification } from "../specification.ts";

/** Multimedia messaging: MM10 (3GPP TS 29.140). */
export const MM10: Specification = {
  title: "3GPP TS 29.140",
  vendor: 10415,
  applications: [
    [16777226, "3GPP MM10"],
  ],
  commands: [
    [311, "Message-Process", "MP", 16777226],
  ],
  avps: [
    [1100, "Served-User-Identity", "Grouped"],
    [1101, "VASP-ID", "UTF8String"],
    [1102, "VAS-ID", "UTF8String"],
    [1103, "Trigger-Event", "Enumerated"],
    [1104, "Sender-Address", "UTF8String"],
    [1105, "Initial-Recipient-Address", "Grouped"],
    [1106, "Result-Recipient-Address", "Grouped"],
    [1107, "MM10-Sequence-Number", "Unsigned32"],
    [1108, "MM10-Recipient-Address", "UTF8String"],
    [1109, "Routeing-Address", "UTF8String"],
    [1110, "Originating-Interface", "Enumerated"],
    [1111, "Delivery-Report", "Enumerated"],
    [1112, "Read-Reply", "Enumerated"],
    [1113, "Sender-Visibility", "Enumerated"],
    [1114, "Service-Key", "UTF8String"],
    [1115, "Billing-Information", "UTF8String"],
    [1116, "Status", "Grouped"],
    [1117, "Status-Code", "UTF8String"],
    [1118, "Status-Text", "UTF8String"],
    [1119, "Routeing-Address-Resolution", "Enumerated"],
  ],
  values: {
    "Trigger-Event": {
      0: "MM1_MESSAGE_SUBMISSION_PROFILE_BASED",
      1: "MM1_MESSAGE_SUBMISSION_ADDRESS_BASED",
      2: "MM1_MESSAGE_DELIVERY",
      3: "MM7_MESSAGE_SUBMISSION_PROFILE_BASED",
      4: "MM7_MESSAGE_SUBMISSION_ADDRESS_BASED",
    },
    "Originating-Interface": { 0: "MM1", 1: "MM3", 2: "MM4", 3: "MM7" },
    "Delivery-Report": { 0: "NO_DELIVERY_REPORT_REQUESTED", 1: "DELIVERY_REPORT_REQUESTED" },
    "Read-Reply": { 0: "NO_READ_REPLY_REQUESTED", 1: "READ_REPLY_REQUESTED" },
    "Sender-Visibility": {
      0: "SENDER_IDENTIFICATION_REQUESTED_NOT_TO_BE_HIDDEN",
      1: "SENDER_IDENTIFICATION_REQUESTED_TO_BE_HIDDEN",
    },
    "Routeing-Address-Resolution": { 0: "unresolved", 1: "resolved" },
  },
};
