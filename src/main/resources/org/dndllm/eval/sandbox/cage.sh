# Builds the room that a program runs in, as process 1 of new namespaces, and runs it there. Sandbox.java starts this with
# unshare(1). Arguments: absolute paths that the program may read. Variables: the limits, set by Cage.java.
#
# One pipe each way. In: a token, the program's length in bytes, the program, then the program's own standard input.
# Out: "up" as soon as the maps of users can be written, "<token> ready" before the program starts, its output, and last
# "<token> EXIT LEFT". The program never learns the token, so it cannot write that line itself.
set -eu
umask 022 # the program's user reads what is made here
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
echo up
read -r token
read -r length

# The program must not get capabilities back in a namespace of its own, nor keep memory that belongs to no process.
echo 0 >/proc/sys/user/max_user_namespaces
echo 0 >/proc/sys/kernel/shmmni

# The new root is built over /sys, the one folder that nothing below needs.
mount -t tmpfs -o size=4m,nr_inodes=4k,mode=755 tmpfs /sys
cd /sys
mkdir old proc
mount --rbind /proc proc # mount and umount read it; it goes at the end
show() {
    if [ -d "$1" ]; then
        mkdir -p ".$1"
    else
        mkdir -p ".${1%/*}"
        : >".$1"
    fi
    mount --rbind "$1" ".$1"
}
for path in /bin /sbin /lib /lib32 /lib64; do
    if [ -L "$path" ]; then
        ln -s "$(readlink "$path")" ".$path"
    elif [ -d "$path" ]; then
        show "$path"
    fi
done
for path in /usr /etc/alternatives /etc/ld.so.cache /dev/null /dev/zero /dev/full /dev/random /dev/urandom "$@"; do
    if [ -e "$path" ]; then
        show "$path"
    fi
done

# Read-only, every mount below too. Flags that are set must be repeated: the kernel lets nobody here take them off.
while read -r _ _ _ _ point options _; do
    point=$(printf '%b' "$point")
    case $point in
    /sys/proc | /sys/proc/*) ;;
    /sys/*)
        if [ -e "$point" ]; then # the mounts of the old /sys are hidden below ours
            mount -o "remount,bind,$options,ro,nosuid" "$point"
        fi
        ;;
    esac
done </proc/self/mountinfo

head -c "$length" >program
mkdir work
ln -s work tmp
mount -t tmpfs -o "size=$FOLDER,nr_inodes=1k,mode=1777,nosuid,nodev" tmpfs work
pivot_root . old
cd /
umount -l /old
rmdir old
mount -o remount,bind,ro,nosuid,nodev /
umount -l /proc
cd /work

echo "$token ready"
exec 3<&0
# DROP: root is mapped to a user of its own, whose processes are limited; anyone else is nobody special already
# core: 1 byte, since 0 still hands the memory of a crashed program to a handler of the system
# timeout: ends the program even when the JVM that watches is gone
timeout -s KILL "$GUARD" \
    prlimit --as="$MEMORY" --cpu="$CPU:$((CPU + 1))" --nproc="$PROCESSES" --nofile="$FILES" --fsize="$FILE" \
    --core=1 --msgqueue=0 --memlock=0 \
    setpriv ${DROP:+--reuid 1 --regid 1 --clear-groups} --no-new-privs --bounding-set=-all --inh-caps=-all \
    --ambient-caps=-all \
    env -i PATH=/usr/local/bin:/usr/bin:/bin HOME=/work TMPDIR=/work LANG=C.UTF-8 PYTHONHASHSEED=0 \
    PYTHONDONTWRITEBYTECODE=1 MALLOC_ARENA_MAX=2 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 \
    "$INTERPRETER" /program <&3 3<&- &
exec 0<&- 3<&-
wait $! && code=0 || code=$?
left=0
if kill -0 -1 2>/dev/null; then
    left=1
    kill -KILL -1
fi
printf '\n%s %d %d\n' "$token" "$code" "$left"
