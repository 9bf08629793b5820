#!/usr/bin/env bash
# Installs from an offline bundle, with no network:  ./install.sh [FOLDER]   (default /opt/liandong)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
target=${1:-/opt/liandong}
cd "$here"
sha256sum --quiet -c SHA256SUMS
# the compiled packages fit one version of Python only, which stands in their names
version=$(sed -nE 's/.*pydantic_core-.*-cp3([0-9]+)-cp3.*/3.\1/p' SHA256SUMS)
python=$(command -v "python$version") || { echo "需要 Python $version：安装包里的程序是为它准备的" >&2; exit 1; }
mkdir -p "$target"
"$python" -m venv "$target/.venv"
install=("$target/.venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-index)
# pip is content with whatever liandong stands there: this bundle's goes in first, then what this one asks for
"${install[@]}" --no-deps --force-reinstall "$(grep -o 'wheelhouse/liandong-.*' SHA256SUMS)"
"${install[@]}" --find-links wheelhouse -c constraints.txt 'liandong[postgresql]'
cp -r deploy "$target/"
echo "已安装：$target/.venv/bin/liandong"
echo "下一步：把 $target/.venv/bin 加入 PATH，运行 liandong doctor；长期运行见 $target/deploy 里的 systemd 单元"
