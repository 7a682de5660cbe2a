# shellcheck shell=bash
# The three processes of the control plane: how each is started, checked and stopped. Sourced by eng/control-plane.
# shellcheck disable=SC2154 # eng, run_dir and plane are set there, the places of the binaries in binaries.sh.

# In the order in which they start.
parts=(etcd kube-apiserver kube-controller-manager)

# ---------------------------------------------------------------------------------------------------------------------
# Ports: chosen once and kept in a file, so that kubeconfigs stay valid when the plane is started again.

port_names=(etcd etcd-peer kube-apiserver kube-controller-manager)

port_of() {
    sed -n "s/^$1=//p" "$plane/ports"
}

server_url() {
    echo "https://127.0.0.1:$(port_of kube-apiserver)"
}

is_port_free() {
    ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Whether there are ports, and nobody has taken the port of a part of ours that does not run.
ports_usable() {
    local name
    [[ -e $plane/ports ]] || return 1
    for name in "${port_names[@]}"; do
        if ! pid_of "${name%-peer}" >/dev/null && ! is_port_free "$(port_of "$name")"; then
            say "port $(port_of "$name") of $name is taken by another process: choosing new ports"
            return 1
        fi
    done
}

choose_ports() {
    local name port taken=" "
    for name in "${port_names[@]}"; do
        # Below the range from which the kernel takes ports for outgoing connections.
        while port=$((20000 + RANDOM % 10000)); do
            if [[ $taken != *" $port "* ]] && is_port_free "$port"; then
                break
            fi
        done
        taken+="$port "
        echo "$name=$port"
    done >"$plane/ports.new"
    mv "$plane/ports.new" "$plane/ports"
}

# ---------------------------------------------------------------------------------------------------------------------
# Processes

# The process of a part, if it runs and is of this very plane: a process id in a file may be an old one that
# meanwhile belongs to something else.
pid_of() {
    local pid words word
    { read -r pid <"$plane/pids/$1"; } 2>/dev/null || return 1
    [[ $pid =~ ^[0-9]+$ ]] || return 1
    { mapfile -d '' -t words <"/proc/$pid/cmdline"; } 2>/dev/null || return 1
    ((${#words[@]} > 0)) && [[ ${words[0]##*/} == "$1" ]] || return 1
    for word in "${words[@]}"; do
        if [[ $word == *"=$plane/"* ]]; then
            echo "$pid"
            return 0
        fi
    done
    return 1
}

all_running() {
    local part
    for part in "${parts[@]}"; do
        pid_of "$part" >/dev/null || return 1
    done
}

etcd_arguments() {
    local client peer
    client=https://127.0.0.1:$(port_of etcd)
    peer=https://127.0.0.1:$(port_of etcd-peer)
    arguments=(
        --name=default
        --data-dir="$plane/etcd"
        --listen-client-urls="$client"
        --advertise-client-urls="$client"
        --listen-peer-urls="$peer"
        --initial-advertise-peer-urls="$peer"
        --initial-cluster="default=$peer"
        --client-cert-auth
        --trusted-ca-file="$plane/pki/etcd-ca.crt"
        --cert-file="$plane/pki/etcd.crt"
        --key-file="$plane/pki/etcd.key"
        --peer-client-cert-auth
        --peer-trusted-ca-file="$plane/pki/etcd-ca.crt"
        --peer-cert-file="$plane/pki/etcd.crt"
        --peer-key-file="$plane/pki/etcd.key"
        --logger=zap
        --log-outputs=stderr
    )
}

kube_apiserver_arguments() {
    arguments=(
        --bind-address=127.0.0.1
        --secure-port="$(port_of kube-apiserver)"
        --advertise-address=127.0.0.1
        --etcd-servers="https://127.0.0.1:$(port_of etcd)"
        --etcd-cafile="$plane/pki/etcd-ca.crt"
        --etcd-certfile="$plane/pki/etcd.crt"
        --etcd-keyfile="$plane/pki/etcd.key"
        --tls-cert-file="$plane/pki/server.crt"
        --tls-private-key-file="$plane/pki/server.key"
        --client-ca-file="$plane/pki/ca.crt"
        --requestheader-client-ca-file="$plane/pki/front-proxy-ca.crt"
        --requestheader-allowed-names=front-proxy
        --requestheader-username-headers=X-Remote-User
        --requestheader-group-headers=X-Remote-Group
        --requestheader-extra-headers-prefix=X-Remote-Extra-
        --authorization-mode=RBAC
        --service-account-issuer=https://kubernetes.default.svc
        --service-account-signing-key-file="$plane/pki/service-accounts.key"
        --service-account-key-file="$plane/pki/service-accounts.pub"
        --service-cluster-ip-range=10.0.0.0/24
        --allow-privileged=true
        --audit-policy-file="$eng/control-plane.d/audit-policy.yaml"
        --audit-log-path="$run_dir/audit.log"
        --audit-log-format=json
        --audit-log-maxsize=1024
        --audit-log-maxbackup=1
    )
    # A loopback address may not be the endpoint of the service "kubernetes": nobody is to keep that endpoint.
    add_where_known "$kube_apiserver_binary" --endpoint-reconciler-type=none
}

kube_controller_manager_arguments() {
    arguments=(
        --bind-address=127.0.0.1
        --secure-port="$(port_of kube-controller-manager)"
        --kubeconfig="$plane/controller-manager.kubeconfig"
        --authentication-kubeconfig="$plane/controller-manager.kubeconfig"
        --authorization-kubeconfig="$plane/controller-manager.kubeconfig"
        --tls-cert-file="$plane/pki/server.crt"
        --tls-private-key-file="$plane/pki/server.key"
        --root-ca-file="$plane/pki/ca.crt"
        --service-account-private-key-file="$plane/pki/service-accounts.key"
        --use-service-account-credentials=true
        --cluster-signing-cert-file="$plane/pki/ca.crt"
        --cluster-signing-key-file="$plane/pki/ca.key"
        --leader-elect=false
        # The defaults are meant for a manager that shares its server with many others.
        --kube-api-qps=300
        --kube-api-burst=600
    )
    # Until 1.23 it also listens without TLS, on a fixed port on all addresses. And it makes the directory of the flex
    # volumes where there is none, outside of the plane unless told otherwise.
    add_where_known "$kube_controller_manager_binary" --port=0 --flex-volume-plugin-dir="$plane/flex-volumes"
}

# add_where_known <binary> <flag>...: adds the flags that not every version has.
add_where_known() {
    local binary=$1 help flag
    help=$("$binary" --help 2>&1) || true
    shift
    for flag in "$@"; do
        if grep -qE -e "^ +${flag%%=*} " <<<"$help"; then
            arguments+=("$flag")
        fi
    done
}

launch() {
    local part=$1 binary arguments
    case $part in
        etcd)
            binary=$etcd_binary
            etcd_arguments
            ;;
        kube-apiserver)
            binary=$kube_apiserver_binary
            kube_apiserver_arguments
            ;;
        kube-controller-manager)
            binary=$kube_controller_manager_binary
            kube_controller_manager_arguments
            ;;
    esac
    (
        cd /
        umask 077
        exec </dev/null >>"$run_dir/logs/$part.log" 2>&1
        # Whatever the caller has open besides (a pipe, a lock) must not stay open for as long as the plane runs.
        for descriptor in "/proc/$BASHPID/fd"/*; do
            descriptor=${descriptor##*/}
            if ((descriptor > 2 && descriptor != 255)); then
                exec {descriptor}>&-
            fi
        done
        echo "$BASHPID" >"$plane/pids/$part"
        exec setsid nohup "$binary" "${arguments[@]}"
    ) &
}

# start_part <part>: starts it and waits until it is healthy.
start_part() {
    local part=$1 began=$SECONDS
    launch "$part"
    local launched=$!
    if ! wait_healthy "$part" 60 "$launched"; then
        echo "control-plane: the last lines of $run_dir/logs/$part.log:" >&2
        tail -n 15 "$run_dir/logs/$part.log" >&2 || true
        if kill -0 "$launched" 2>/dev/null; then
            fail "$part is not healthy after 60 s"
        fi
        fail "$part ended right after its start; if a port was taken in that moment, run the same command again"
    fi
    say "$part is healthy after $((SECONDS - began)) s, port $(port_of "$part")"
}

# stop_part <part> <TERM|KILL>
stop_part() {
    # kube-apiserver would wait a minute for watches to end.
    local part=$1 signal=$2 pid deadline=$((SECONDS + 5))
    while pid=$(pid_of "$part"); do
        if ((SECONDS > deadline + 10)); then
            fail "$part (process $pid) does not end, not even after SIGKILL"
        elif ((SECONDS > deadline)); then
            signal=KILL
        fi
        if [[ $signal != sent ]]; then
            kill -s "$signal" "$pid" 2>/dev/null || true
            [[ $signal == KILL ]] || signal=sent
        fi
        sleep 0.05
    done
    rm -f "$plane/pids/$part"
}

# ---------------------------------------------------------------------------------------------------------------------
# Health

admin() {
    "$kubectl" --kubeconfig "$run_dir/admin.kubeconfig" --cache-dir "$plane/kubectl-cache" --request-timeout 10s "$@"
}

is_healthy() {
    local port
    port=$(port_of "$1")
    case $1 in
        etcd)
            curl --silent --fail --max-time 5 --noproxy '*' --cacert "$plane/pki/etcd-ca.crt" \
                --cert "$plane/pki/etcd.crt" --key "$plane/pki/etcd.key" "https://127.0.0.1:$port/health" >/dev/null
            ;;
        kube-apiserver)
            curl --silent --fail --max-time 5 --noproxy '*' --cacert "$plane/pki/ca.crt" \
                --cert "$plane/pki/admin.crt" --key "$plane/pki/admin.key" "https://127.0.0.1:$port/readyz" >/dev/null
            ;;
        kube-controller-manager)
            curl --silent --fail --max-time 5 --noproxy '*' --cacert "$plane/pki/ca.crt" \
                "https://127.0.0.1:$port/healthz" >/dev/null
            ;;
    esac
}

all_healthy() {
    local part
    for part in "${parts[@]}"; do
        is_healthy "$part" || return 1
    done
}

# wait_healthy <part> <seconds> [process]: gives up early when the process has ended.
wait_healthy() {
    local deadline=$((SECONDS + $2))
    until is_healthy "$1"; do
        if ((SECONDS > deadline)); then
            return 1
        fi
        if (($# > 2)) && ! kill -0 "$3" 2>/dev/null; then
            return 1
        fi
        sleep 0.1
    done
}

server_version() {
    curl --silent --fail --max-time 5 --noproxy '*' --cacert "$plane/pki/ca.crt" \
        --cert "$plane/pki/admin.crt" --key "$plane/pki/admin.key" "$(server_url)/version" |
        sed -n 's/.*"gitVersion": *"\([^"]*\)".*/\1/p'
}

etcd_version() {
    curl --silent --fail --max-time 5 --noproxy '*' --cacert "$plane/pki/etcd-ca.crt" \
        --cert "$plane/pki/etcd.crt" --key "$plane/pki/etcd.key" "https://127.0.0.1:$(port_of etcd)/version" |
        sed -n 's/.*"etcdserver": *"\([^"]*\)".*/\1/p'
}
