# shellcheck shell=bash
# Finds or fetches the binaries of the control plane. Sourced by eng/control-plane.
# shellcheck disable=SC2154 # eng is set there.
# shellcheck disable=SC2034 # The places of the binaries are read in parts.sh.

# Used where no version is asked for.
kube_release=v1.35.2
etcd_release=v3.6.6
kube_mirror=${KUBE_MIRROR:-https://dl.k8s.io/release}
etcd_mirror=${ETCD_MIRROR:-https://github.com/etcd-io/etcd/releases/download}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/changeadmission

# Sets etcd_binary, kube_apiserver_binary, kube_controller_manager_binary and kubectl.
find_binaries() {
    if [[ -n ${KUBE_ASSETS-} ]]; then
        [[ -d $KUBE_ASSETS ]] || fail "KUBE_ASSETS is not a directory: $KUBE_ASSETS"
        # An absolute path: the processes are started from another directory.
        KUBE_ASSETS=$(cd "$KUBE_ASSETS" && pwd)
    fi
    kube_dir="" etcd_binary="" kubectl=""
    find_kube || with_cache_lock fetch_kube
    find_etcd || with_cache_lock fetch_etcd
    kube_apiserver_binary=$kube_dir/kube-apiserver
    kube_controller_manager_binary=$kube_dir/kube-controller-manager
    if [[ -n ${KUBE_ASSETS-} && -x $KUBE_ASSETS/kubectl ]]; then
        kubectl=$KUBE_ASSETS/kubectl
    else
        kubectl=$("$eng/tools" kubectl) || fail "there is no kubectl"
    fi
}

has_kube() {
    [[ -x $1/kube-apiserver && -x $1/kube-controller-manager ]]
}

# The two programs of Kubernetes always come from the same place: they must be of one version.
find_kube() {
    local directory found
    if [[ -n ${KUBE_ASSETS-} ]]; then
        if ! has_kube "$KUBE_ASSETS"; then
            fail "KUBE_ASSETS must hold kube-apiserver and kube-controller-manager, both executable: $KUBE_ASSETS"
        fi
        kube_dir=$KUBE_ASSETS
        return
    fi
    if [[ -n ${KUBE_VERSION-} ]]; then
        [[ $KUBE_VERSION =~ ^v[0-9]+\.[0-9]+\.[0-9]+ ]] || fail "KUBE_VERSION must look like v1.31.4, not '$KUBE_VERSION'"
        kube_dir=$cache/kube/$KUBE_VERSION
        has_kube "$kube_dir"
        return
    fi
    if found=$(command -v kube-apiserver) && has_kube "$(dirname "$found")"; then
        kube_dir=$(cd "$(dirname "$found")" && pwd)
        return
    fi
    for directory in "$cache/kube/$kube_release" "$cache/kube/debian-12"; do
        if has_kube "$directory"; then
            kube_dir=$directory
            return
        fi
    done
    return 1
}

find_etcd() {
    local candidate
    if [[ -n ${KUBE_ASSETS-} && -x $KUBE_ASSETS/etcd ]]; then
        etcd_binary=$KUBE_ASSETS/etcd
        return
    fi
    if candidate=$(command -v etcd); then
        etcd_binary=$(realpath "$candidate")
        return
    fi
    for candidate in "$cache/etcd/$etcd_release/etcd" "$cache/etcd/debian-12/etcd"; do
        if [[ -x $candidate ]]; then
            etcd_binary=$candidate
            return
        fi
    done
    return 1
}

# ---------------------------------------------------------------------------------------------------------------------

# Two callers fetch once: the second waits, looks again and finds it.
with_cache_lock() {
    local lock
    mkdir -p "$cache/kube" "$cache/etcd" "$cache/logs"
    exec {lock}>"$cache/.lock"
    if ! flock --nonblock "$lock"; then
        say "waiting for another eng/control-plane that is fetching binaries"
        flock "$lock"
    fi
    # What an interrupted fetch has left.
    rm -rf "$cache"/{kube,etcd}/.{new,build}.*
    "find_${1#fetch_}" || "$1"
    exec {lock}>&-
}

platform() {
    case $(uname -m) in
        x86_64) echo amd64 ;;
        aarch64) echo arm64 ;;
        *)
            echo "there are no releases for $(uname -m)" >&2
            return 1
            ;;
    esac
}

# download <address> <file>: a machine without the network, or one that drops packets, moves on within seconds.
download() {
    curl --silent --show-error --fail --location --connect-timeout 4 --speed-limit 1000 --speed-time 20 \
        --output "$2" "$1"
}

is_debian_12() {
    # shellcheck source=/dev/null
    [[ -r /etc/os-release ]] && (source /etc/os-release && [[ ${ID-} == debian && ${VERSION_ID-} == 12 ]])
}

fetch_kube() {
    local release=${KUBE_VERSION:-$kube_release} new program
    new=$(mktemp -d "$cache/kube/.new.XXXXXX")
    say "downloading Kubernetes $release"
    if download_kube "$release" "$new" 2>"$new/errors"; then
        rm "$new/errors"
        kube_dir=$cache/kube/$release
        rm -rf "$kube_dir"
        mv "$new" "$kube_dir"
        return
    fi
    say "not downloaded: $(tail -n 1 "$new/errors")"
    rm -rf "$new"
    if [[ -n ${KUBE_VERSION-} ]]; then
        fail "Kubernetes $release cannot be downloaded from $kube_mirror; set KUBE_ASSETS to a directory that has it"
    fi
    if ! is_debian_12; then
        fail "put kube-apiserver and kube-controller-manager of one version into a directory and set KUBE_ASSETS to it"
    fi
    local log=$cache/logs/build-kubernetes.log
    say "building Kubernetes from Debian's source package: about eight minutes on two cores, once; log: $log"
    "$eng/control-plane.d/build-debian" "$cache/kube/debian-12" "$log" ||
        fail "no Kubernetes: neither a download nor a build; see $log, or set KUBE_ASSETS"
    kube_dir=$cache/kube/debian-12
}

# download_kube <release> <directory>
download_kube() {
    local platform program address
    platform=$(platform) || return 1
    for program in kube-apiserver kube-controller-manager; do
        address=$kube_mirror/$1/bin/linux/$platform/$program
        # The sum first: it is small, and shows at once whether the mirror can be reached.
        download "$address.sha256" "$2/$program.sha256" || return 1
        download "$address" "$2/$program" || return 1
        if ! (cd "$2" && echo "$(<"$program.sha256")  $program" | sha256sum --check --quiet --strict >/dev/null 2>&1); then
            echo "$address does not have the SHA-256 sum that its mirror gives" >&2
            return 1
        fi
        rm "$2/$program.sha256"
        chmod +x "$2/$program"
    done
}

fetch_etcd() {
    local new
    new=$(mktemp -d "$cache/etcd/.new.XXXXXX")
    say "downloading etcd $etcd_release"
    if download_etcd "$new" 2>"$new/errors"; then
        keep_etcd "$new" "$etcd_release"
        return
    fi
    say "not downloaded: $(tail -n 1 "$new/errors")"
    rm -rf "$new"
    if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
        fail "there is no etcd: install etcd 3.4 or later into the PATH, or put it into a directory and set KUBE_ASSETS"
    fi
    local log=$cache/logs/etcd.log
    say "taking etcd from Debian's package"
    new=$(mktemp -d "$cache/etcd/.new.XXXXXX")
    if ! etcd_from_debian "$new" >"$log" 2>&1; then
        tail -n 5 "$log" >&2
        rm -rf "$new"
        fail "there is no etcd; log: $log. Install etcd 3.4 or later into the PATH, or set KUBE_ASSETS"
    fi
    keep_etcd "$new" debian-12
}

# etcd_from_debian <directory>: unpacked, not installed, as the package would start a service.
etcd_from_debian() (
    # shellcheck source=eng/control-plane.d/apt-private.sh
    source "$eng/control-plane.d/apt-private.sh"
    apt_private_setup "$1/apt" &&
        cd "$1" &&
        apt_private_get download etcd-server &&
        dpkg -x etcd-server_*.deb package &&
        cp package/usr/bin/etcd etcd &&
        ./etcd --version
)

# keep_etcd <directory> <version>
keep_etcd() {
    etcd_binary=$cache/etcd/$2/etcd
    mkdir -p "$cache/etcd/$2"
    mv "$1/etcd" "$etcd_binary"
    rm -rf "$1"
}

# download_etcd <directory>
download_etcd() {
    local archive
    archive=etcd-$etcd_release-linux-$(platform) || return 1
    download "$etcd_mirror/$etcd_release/SHA256SUMS" "$1/SHA256SUMS" || return 1
    download "$etcd_mirror/$etcd_release/$archive.tar.gz" "$1/$archive.tar.gz" || return 1
    if ! (cd "$1" && grep " $archive.tar.gz\$" SHA256SUMS | sha256sum --check --quiet --strict >/dev/null 2>&1); then
        echo "$archive.tar.gz does not have the SHA-256 sum that SHA256SUMS gives" >&2
        return 1
    fi
    tar --extract --gzip --file "$1/$archive.tar.gz" --directory "$1" --strip-components=1 "$archive/etcd"
}
