#!/bin/sh
# One archive of what a person installs, for the kind of machine it is made on: program, completions, manual pages,
# licences; and its checksum. Leaves out/dist. Two runs on one commit and one machine make the same archive.
set -eu
cd -- "$(dirname -- "$0")/../.."
cargo=${CARGO:-cargo}
about=${CARGO_ABOUT:-cargo-about}

machine=$(rustc -vV | sed -n 's/^host: //p')
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
name=ppm-infra-$version-$machine
folder=out/dist/$name
program=${CARGO_TARGET_DIR:-target}/release/ppm-infra

"$cargo" build --locked --release
rm -rf out/dist
mkdir -p "$folder/completions"
cp "$program" LICENSE README.md CHANGELOG.md "$folder/"
for shell in bash zsh fish; do
    "$program" completions "$shell" >"$folder/completions/ppm-infra.$shell"
done
"$program" man "$folder/man/man1"
"$about" generate --locked --fail --config docs/install/about.toml docs/install/licences.hbs \
    -o "$folder/LICENCES-OF-DEPENDENCIES.txt"

made=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y Cargo.lock)
tar --sort=name --owner=0 --group=0 --numeric-owner --mode=go=rX,u+rw --mtime="@$made" -C out/dist -cf - "$name" |
    gzip -n -9 >"out/dist/$name.tar.gz"
(cd out/dist && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
ls -l "$folder/ppm-infra" "out/dist/$name.tar.gz"
