#!/bin/sh
set -e

if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
if [ "$1" = purge ]; then
  rm -rf /var/cache/diam-gw
  rmdir /etc/diam-gw 2>/dev/null || true
  if getent passwd diam-gw >/dev/null; then userdel diam-gw; fi
fi
