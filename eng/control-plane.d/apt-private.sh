# shellcheck shell=bash
# apt-get with package lists of its own in a temporary directory: the machine's apt sources stay as they are, and
# nothing here needs root. Sourced, not run.

# The mirror of Debian that this machine's own apt sources name, and the key ring they name for it (or nothing).
apt_private_mirror() {
    local file line
    shopt -s nullglob
    local lists=(/etc/apt/sources.list /etc/apt/sources.list.d/*.list) stanzas=(/etc/apt/sources.list.d/*.sources)
    shopt -u nullglob
    for file in "${stanzas[@]}"; do
        # The stanza that has Debian's own packages, not the security updates and not another vendor's.
        line=$(awk -v RS= '
            /(^|\n)Enabled:[ \t]*no/ { next }
            {
                uri = ""; key = ""; suite = 0; main = 0; binary = 0
                count = split($0, field, "\n")
                for (i = 1; i <= count; i++) {
                    if (field[i] ~ /^URIs:/) { split(field[i], word, /[ \t]+/); uri = word[2] }
                    if (field[i] ~ /^Signed-By:[ \t]*\//) { split(field[i], word, /[ \t]+/); key = word[2] }
                    if (field[i] ~ /^Suites:.*[ \t]bookworm([ \t]|$)/) suite = 1
                    if (field[i] ~ /^Components:.*[ \t]main([ \t]|$)/) main = 1
                    if (field[i] ~ /^Types:.*[ \t]deb([ \t]|$)/) binary = 1
                }
                if (suite && main && binary && uri ~ /\/debian(\/[0-9TZ]+)?\/?$/) { print uri, key; exit }
            }' "$file")
        if [[ -n $line ]]; then
            echo "$line"
            return
        fi
    done
    for file in "${lists[@]}"; do
        [[ -r $file ]] || continue
        line=$(awk '
            $1 == "deb" {
                key = ""
                if (match($0, /signed-by=[^] \t]+/)) key = substr($0, RSTART + 10, RLENGTH - 10)
                sub(/\[[^]]*\]/, "")
                if ($3 == "bookworm" && / main( |$)/ && $2 ~ /\/debian(\/[0-9TZ]+)?\/?$/) { print $2, key; exit }
            }' "$file")
        if [[ -n $line ]]; then
            echo "$line"
            return
        fi
    done
    echo "no apt source of this machine names a mirror of Debian 12 (bookworm main)" >&2
    return 1
}

# apt_private_setup <new directory>: makes the lists, binary and source packages of Debian 12 alone.
apt_private_setup() {
    apt_private=$1
    mkdir -p "$apt_private"/{lists/partial,cache/archives/partial,state}
    local found mirror key options=""
    found=$(apt_private_mirror) || return 1
    read -r mirror key <<<"$found"
    key=${key:-/usr/share/keyrings/debian-archive-keyring.gpg}
    if [[ -r $key ]]; then
        options="[signed-by=$key] "
    fi
    printf '%s\n' "deb $options$mirror bookworm main" "deb-src $options$mirror bookworm main" \
        >"$apt_private/sources.list"
    apt_private_get update
}

apt_private_get() {
    # The user _apt, to which apt-get drops when it downloads as root, cannot read a private directory.
    local sandbox=()
    if ((EUID == 0)); then
        sandbox=(-o APT::Sandbox::User=root)
    fi
    DEBIAN_FRONTEND=noninteractive apt-get -q \
        -o Dir::Etc::SourceList="$apt_private/sources.list" \
        -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$apt_private/lists" \
        -o Dir::Cache="$apt_private/cache" \
        -o Acquire::Retries=3 \
        "${sandbox[@]}" "$@" </dev/null
}
