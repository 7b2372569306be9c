#!/bin/bash
# bundle.sh EXECUTABLE NAME OUT.tar.xz: the executable with every library it needs beyond glibc and a card's driver, for
# machines where no package can be installed. The executable finds its libraries by $ORIGIN/../lib (it was linked so),
# Graphviz its plugins in lib/graphviz (tools/bundled.c).
set -euo pipefail
executable=$1 name=$2 out=$3
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
root=$stage/$name
plugins=$(dirname "$(ldd "$executable" | awk '$1 ~ /^libgvc/ { print $3 }')")/graphviz
mkdir -p "$root/bin" "$root/lib/graphviz" "$root/doc"

# Libraries of a file and of what these need in turn, but for glibc's own.
libraries() {
  ldd "$@" | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | sort -u |
    grep -vE '/(ld-linux-x86-64|libc|libm|libdl|libpthread|librt|libresolv|libutil)\.so'
}

install -m 755 "$executable" "$root/bin/graphcut"
strip "$root/bin/graphcut"
for plugin in core dot_layout pango; do cp -L "$plugins/libgvplugin_$plugin.so.6" "$root/lib/graphviz/"; done
# Of the list of plugins, those that are here.
awk '/^libgvplugin/ { keep = $1 ~ /_(core|dot_layout|pango)\.so/ } keep && !/^#/' "$plugins/config6a" > "$root/lib/graphviz/config6a"
libraries "$executable" "$root"/lib/graphviz/*.so.6 | while read -r library; do cp -L "$library" "$root/lib/"; done
strip --strip-unneeded "$root"/lib/*.so* "$root"/lib/graphviz/*.so.6
cp LICENSE README.md docs/{run,cuda,measured,calibrate,cut,look,simulate,split,json}.md "$root/doc/"
mkdir -p "$(dirname "$out")"
tar -C "$stage" --sort=name --owner=0 --group=0 --numeric-owner -cf - "$name" | xz -6 -T0 > "$out.part"
mv "$out.part" "$out"
du -h "$out" | awk '{ print "bundle: " $2 ", " $1 }'
