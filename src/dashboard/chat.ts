/**
 * The chat plane's part of the page, embedded.
 * @module
 */
import chat from "./page/chat.js" with { type: "text" };
import connections from "./page/chat_connections.js" with { type: "text" };
import rooms from "./page/chat_rooms.js" with { type: "text" };
import pages from "./page/pages.js" with { type: "text" };
import rate from "./page/rate.js" with { type: "text" };
import tileRow from "./page/tile_row.js" with { type: "text" };
import type { PlanePage } from "./plane_page.ts";

/** Its files. */
export function chatPage(): PlanePage {
  return {
    name: "chat",
    scripts: {
      "chat.js": chat,
      "chat_connections.js": connections,
      "chat_rooms.js": rooms,
      "pages.js": pages,
      "rate.js": rate,
      "tile_row.js": tileRow,
    },
  };
}
