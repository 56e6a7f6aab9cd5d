# Sourced by the scripts here: the pin file, the platform, the cache, verified packages. POSIX sh; every function
# prints its result on stdout and everything else on stderr. The caller has set `root` (project folder) and `me` (its name).

fail() { # EXIT_CODE MESSAGE
    printf '%s: %s\n' "$me" "$2" >&2
    exit "$1"
}

# Reads the pin file into variables: llama.version -> pin_llama_version, linux-x64.package -> pin_linux_x64_package.
# Builtins only: the fast path of native/install must not start a dozen processes.
# DND_NATIVE_PIN names another pin file: native/test-install has its own.
load_pin() {
    while IFS='=' read -r key value; do
        case $key in '' | '#'*) continue ;; esac
        name=
        while :; do
            case $key in
            *[.-]*)
                name=$name${key%%[.-]*}_
                key=${key#*[.-]}
                ;;
            *) break ;;
            esac
        done
        eval "pin_$name$key=\$value"
    done <"${DND_NATIVE_PIN:-$root/native/llama.properties}"
}

# Value of a pin whose name is computed; empty when there is none.
pin() { # NAME_WITH_UNDERSCORES
    eval "printf '%s' \"\${pin_$1:-}\""
}

# linux-x64, linux-arm64, mac-arm64-metal, win-x64... as the packages are called.
platform() {
    set -- $(uname -s -m)
    case $2 in
    x86_64 | amd64) arch=x64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) arch=$2 ;;
    esac
    case $1-$arch in
    Linux-*) echo "linux-$arch" ;;
    Darwin-arm64) echo mac-arm64-metal ;;
    Darwin-*) echo "mac-$arch" ;;
    MINGW* | MSYS* | CYGWIN*) echo "win-$arch" ;;
    *) echo "$1-$arch" ;;
    esac
}

cache_root() {
    if [ -n "${XDG_CACHE_HOME:-}" ]; then
        echo "$XDG_CACHE_HOME/dnd/native"
    elif [ -n "${HOME:-}" ]; then
        echo "$HOME/.cache/dnd/native"
    else
        fail 3 "neither XDG_CACHE_HOME nor HOME is set: set one, or DND_LLAMA_LIB_PATH to a folder with the libraries"
    fi
}

# A new folder beside the targets, so that a rename is atomic. The caller removes it in its EXIT trap.
temp_folder() { # CACHE_ROOT
    mkdir -p "$1" || fail 3 "cannot create $1"
    # What a killed run left behind.
    find "$1" -maxdepth 1 -name '.tmp-*' -mtime +1 -exec rm -rf {} + 2>/dev/null || :
    mktemp -d "$1/.tmp-XXXXXX" || fail 3 "cannot write to $1"
}

# Renames a finished folder to its place. Whoever comes second loses quietly: the first one's content is the same.
publish() { # TEMP TARGET
    [ -e "$2" ] || mv "$1" "$2" || fail 3 "cannot create $2"
    # mv moves INTO a folder that appeared since the test.
    rm -rf "$2/${1##*/}" "$1"
}

sha256() { # FILE
    if command -v sha256sum >/dev/null; then
        sum=$(sha256sum "$1")
    elif command -v shasum >/dev/null; then
        sum=$(shasum -a 256 "$1")
    else
        sum=$(openssl dgst -sha256 -r "$1")
    fi || fail 3 "cannot compute the sha256 of $1"
    echo "${sum%% *}"
}

integrity() { # FILE -> sha512-BASE64, as npm writes it
    if command -v openssl >/dev/null; then
        printf 'sha512-%s\n' "$(openssl dgst -sha512 -binary "$1" | openssl base64 -A)"
    else
        node -e 'const c = require("crypto"), f = require("fs");
            console.log("sha512-" + c.createHash("sha512").update(f.readFileSync(process.argv[1])).digest("base64"))' "$1"
    fi
}

# Fetches a package of the pinned version with the user's own npm and its configured registry, and unpacks it after its
# integrity was compared with the pin: TEMP/NAME_WITHOUT_SLASHES/package is printed.
fetch_package() { # PACKAGE INTEGRITY TEMP
    spec=$1@$pin_npm_version
    command -v npm >/dev/null ||
        fail 3 "npm is missing, it fetches $spec. Install Node.js (it brings npm), or set DND_LLAMA_LIB_PATH to a folder with llama.cpp $pin_llama_version libraries"
    into=$3/$(printf '%s' "$1" | tr -c 'a-z0-9-' '_')
    mkdir "$into" || fail 3 "cannot create $into"
    printf '%s: fetching %s with npm (once)\n' "$me" "$spec" >&2
    # From inside an empty folder, so that no project's npm settings apply.
    (cd "$into" && npm pack --loglevel=error "$spec" >npm.out 2>npm.err) || {
        head -n 4 "$into/npm.err" >&2
        fail 3 "npm could not fetch $spec: check the network and npm's registry setting, or set DND_LLAMA_LIB_PATH to a folder with llama.cpp $pin_llama_version libraries"
    }
    set -- "$1" "$2" "$into"/*.tgz
    [ $# -eq 3 ] && [ -f "$3" ] || fail 3 "npm pack $spec left no package file"
    actual=$(integrity "$3")
    [ "$actual" = "$2" ] ||
        fail 1 "$spec does not have the pinned content and is not used: expected $2, got $actual. Check npm's registry setting; the pin is native/llama.properties"
    (cd "$into" && tar -xzf "$3" && rm "$3") || fail 1 "cannot unpack $spec"
    echo "$into/package"
}

# dnd-native.properties: what lies in a folder of libraries, for the program and for `sha256sum`-like checks.
write_manifest() { # FOLDER VARIANT PLATFORM ORIGIN
    {
        echo "llama.version=$pin_llama_version"
        echo "llama.commit=$pin_llama_commit"
        echo "variant=$2"
        echo "platform=$3"
        echo "origin=$4"
        for file in "$1"/*; do
            case ${file##*/} in LICENSE* | *.properties) continue ;; esac
            [ -f "$file" ] && echo "sha256.${file##*/}=$(sha256 "$file")"
        done
    } >"$1/dnd-native.properties"
}

# The llama.cpp source tree of the pinned version: cloned once from the bundle in the source package, then kept.
source_tree() {
    cache=$(cache_root) || exit
    tree=$cache/llama.cpp-$pin_llama_release-npm$pin_npm_version-source
    if [ ! -f "$tree/include/llama.h" ]; then
        command -v git >/dev/null || fail 3 "git is missing, it unpacks the llama.cpp sources; or name a source tree of your own"
        temp=$(temp_folder "$cache") || exit
        trap 'rm -rf "$temp"' EXIT
        package=$(fetch_package "$pin_source_package" "$pin_source_integrity" "$temp") || exit
        git -c advice.detachedHead=false clone --quiet "$package/$pin_source_bundle" "$temp/tree" >&2 || fail 1 "cannot clone $pin_source_bundle"
        publish "$temp/tree" "$tree"
        rm -rf "$temp"
    fi
    check_source "$tree"
    echo "$tree"
}

# Refuses a source tree of another version than the bindings were generated for.
check_source() { # TREE
    [ -f "$1/include/llama.h" ] || fail 2 "$1 is no llama.cpp source tree (no include/llama.h)"
    found=$(sha256 "$1/include/llama.h")
    [ "$found" = "$pin_llama_h_sha256" ] ||
        fail 1 "$1/include/llama.h is not the one of llama.cpp $pin_llama_release: sha256 $found, expected $pin_llama_h_sha256"
}
