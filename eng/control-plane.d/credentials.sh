# shellcheck shell=bash
# Certificates and kubeconfigs of the control plane. Sourced by eng/control-plane.
# shellcheck disable=SC2154 # run_dir and plane are set there.

users=(admin dev senior robot)

group_of() {
    case $1 in
        admin) echo system:masters ;;
        dev) echo developers ;;
        senior) echo seniors ;;
        robot) echo gitops ;;
    esac
}

# new_authority <directory> <name> <common name>
new_authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 -days 3650 -subj "/CN=$3" \
        -addext "keyUsage=critical,digitalSignature,keyCertSign,cRLSign" \
        -keyout "$1/$2.key" -out "$1/$2.crt"
}

# issue <directory> <authority> <name> <subject> <usage> [names]
issue() {
    local extensions="keyUsage=critical,digitalSignature
extendedKeyUsage=$5
basicConstraints=critical,CA:FALSE"
    if (($# > 5)); then
        extensions+="
subjectAltName=$6"
    fi
    # Chained: these functions run where a failed command alone does not end the script.
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 -subj "$4" \
        -keyout "$1/$3.key" -out "$1/$3.csr" &&
        openssl x509 -req -in "$1/$3.csr" -CA "$1/$2.crt" -CAkey "$1/$2.key" -set_serial "0x$(openssl rand -hex 16)" \
            -sha256 -days 3650 -extfile <(echo "$extensions") -out "$1/$3.crt" &&
        rm "$1/$3.csr"
}

all_certificates() {
    local own="IP:127.0.0.1,DNS:localhost" user
    new_authority "$1" ca "changeadmission control plane" &&
        issue "$1" ca server "/CN=kube-apiserver" serverAuth \
            "$own,IP:10.0.0.1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc" &&
        issue "$1" ca controller-manager "/CN=system:kube-controller-manager" clientAuth || return 1
    for user in "${users[@]}"; do
        issue "$1" ca "$user" "/O=$(group_of "$user")/CN=$user" clientAuth || return 1
    done
    # For servers that extend the API; the controller manager complains all the time where there is none.
    new_authority "$1" front-proxy-ca "changeadmission control plane, front proxy" || return 1
    # etcd has an authority of its own: a user of the API must not be able to go past it.
    new_authority "$1" etcd-ca "changeadmission control plane, etcd" &&
        issue "$1" etcd-ca etcd "/CN=etcd" serverAuth,clientAuth "$own" &&
        openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1/service-accounts.key" &&
        openssl pkey -in "$1/service-accounts.key" -pubout -out "$1/service-accounts.pub"
}

# All or nothing, into a directory that is renamed at the end: an interrupted run leaves nothing half made.
make_certificates() {
    if [[ -d $plane/pki ]]; then
        return
    fi
    local new=$plane/pki.new output
    rm -rf "$new"
    mkdir "$new"
    if ! output=$(umask 077 && all_certificates "$new" 2>&1); then
        printf '%s\n' "$output" >&2
        fail "openssl could not make the certificates"
    fi
    mv "$new" "$plane/pki"
}

# write_kubeconfig <file> <user> <name of certificate>
write_kubeconfig() {
    (
        umask 077
        cat >"$1.new" <<KUBECONFIG
apiVersion: v1
kind: Config
current-context: $2
clusters:
  - name: changeadmission
    cluster:
      server: $(server_url)
      certificate-authority-data: $(base64 -w0 "$plane/pki/ca.crt")
users:
  - name: $2
    user:
      client-certificate-data: $(base64 -w0 "$plane/pki/$3.crt")
      client-key-data: $(base64 -w0 "$plane/pki/$3.key")
contexts:
  - name: $2
    context:
      cluster: changeadmission
      user: $2
      namespace: default
KUBECONFIG
    )
    mv "$1.new" "$1"
}

write_kubeconfigs() {
    local user
    for user in "${users[@]}"; do
        write_kubeconfig "$run_dir/$user.kubeconfig" "$user" "$user"
    done
    write_kubeconfig "$plane/controller-manager.kubeconfig" system:kube-controller-manager controller-manager
}
