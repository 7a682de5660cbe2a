using k8s;

namespace ChangeAdmission.Kubernetes.Client;

/// <summary>Which cluster to talk to, and as whom.</summary>
public static class KubernetesApiFactory
{
    /// <summary>
    /// From the named kubeconfig; without one as every Kubernetes tool does: <c>$KUBECONFIG</c>,
    /// <c>~/.kube/config</c>, the pod's ServiceAccount.
    /// </summary>
    public static KubernetesApi Create(string? kubeconfig, TimeProvider time) => new(kubeconfig is null
        ? KubernetesClientConfiguration.BuildDefaultConfig()
        : KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeconfig),
        time);
}
