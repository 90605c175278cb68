#!/bin/sh
# The user that the service runs as. It is not enabled: it has no DRAs before somebody names them.
set -e

if [ "$1" = configure ]; then
  getent passwd diam-gw >/dev/null ||
    useradd --system --user-group --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin diam-gw
  if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    # After an upgrade the new version runs where the old one did.
    if [ -n "${2:-}" ]; then systemctl try-restart diam-gw.service; fi
  fi
fi
