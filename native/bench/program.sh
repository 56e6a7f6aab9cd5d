# Sourced by the scripts here, after common.sh: one C program against the pinned headers and the project's libraries.
# Sets `folder`, where the libraries lie, and `program`, the executable. The caller has set `root` and `me`.

# As the Java side loads it: the file with the version in its name, else the plain one. ggml likewise.
library() { # NAME
    for file in "$folder/$1.v$pin_llama_version".* "$folder/$1".*.v"$pin_llama_version".* "$folder/$1.so" "$folder/$1.dylib"; do
        [ -f "$file" ] && echo "$file" && return
    done
    fail 3 "$folder holds no $1"
}

build_program() { # NAME
    cc=${CC:-cc}
    command -v "$cc" >/dev/null || fail 3 "$cc is missing: install a C compiler or name one in CC"
    load_pin
    if [ -n "${DND_LLAMA_LIB_PATH:-}" ]; then
        folder=$(CDPATH='' cd -- "$DND_LLAMA_LIB_PATH" && pwd)
    else
        folder=$("$root/native/install")
    fi
    llama=$(library libllama)
    ggml=$(library libggml)

    # One program per folder: the folder is written into it.
    program=$root/target/native-bench/$1-$(printf '%s' "$folder" | cksum | cut -d' ' -f1)
    source=$root/native/bench/$1.c
    [ ! -x "$program" ] || [ "$source" -nt "$program" ] || [ "$llama" -nt "$program" ] || return 0
    if [ -n "${DND_LLAMA_SOURCE:-}" ]; then
        tree=$DND_LLAMA_SOURCE
        check_source "$tree"
    else
        tree=$(source_tree)
    fi
    mkdir -p "${program%/*}"
    "$cc" -O2 -std=c11 -Wall -Wextra -I "$tree/include" -I "$tree/ggml/include" -o "$program.$$" \
        "$source" "$llama" "$ggml" -Wl,-rpath,"$folder" -Wl,-rpath-link,"$folder" ||
        fail 1 "$1.c does not compile, see above"
    mv "$program.$$" "$program"
}
