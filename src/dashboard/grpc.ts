/**
 * The gRPC plane's part of the page, embedded.
 * @module
 */
import grpc from "./page/grpc.js" with { type: "text" };
import clients from "./page/grpc_clients.js" with { type: "text" };
import clusters from "./page/grpc_clusters.js" with { type: "text" };
import routes from "./page/grpc_routes.js" with { type: "text" };
import rate from "./page/rate.js" with { type: "text" };
import tileRow from "./page/tile_row.js" with { type: "text" };
import type { PlanePage } from "./plane_page.ts";

/** Its files. */
export function grpcPage(): PlanePage {
  return {
    name: "grpc",
    scripts: {
      "grpc.js": grpc,
      "grpc_clients.js": clients,
      "grpc_clusters.js": clusters,
      "grpc_routes.js": routes,
      "rate.js": rate,
      "tile_row.js": tileRow,
    },
  };
}
