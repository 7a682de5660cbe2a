using ChangeAdmission.Controller.Certificates;
using ChangeAdmission.Controller.Governance;
using ChangeAdmission.Kubernetes.Client;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Controller;

/// <summary>
/// Whether this replica may be sent reviews: it knows the policies and namespaces, and the API server trusts the
/// certificate that it serves.
/// </summary>
internal sealed class Readiness(ClusterState state, ServingCertificate serving, KubernetesApi api, IHostApplicationLifetime lifetime, TimeProvider time)
{
    /// <summary>The windows of rate limits allow for two clocks that are each so far off.</summary>
    public static readonly TimeSpan MaxClockOffset = TimeSpan.FromSeconds(2);

    /// <summary>Why not; null when ready.</summary>
    public string? Problem()
    {
        if (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return "shutting down";
        }

        if (!state.HasSynced)
        {
            return "policies, namespaces and the webhook configuration are not all listed yet";
        }

        if (!state.IsCurrent)
        {
            return "the API server has not been reachable for 30 s";
        }

        if (ClockProblem(api) is { } problem)
        {
            return problem;
        }

        return serving.Context is null ? "there is no serving certificate yet"
            : serving.NotAfter <= time.GetUtcNow() ? "the serving certificate has expired"
            : IsDistrusted(state.ValidatingConfiguration) || IsDistrusted(state.MutatingConfiguration)
                ? "the webhook configuration does not publish the CA of the certificate served"
                : null;
    }

    // One that is deleted distrusts nobody.
    private bool IsDistrusted(WebhookConfiguration? configuration) =>
        configuration?.Webhooks?.All(webhook => serving.IsTrustedBy(webhook.ClientConfig?.CaBundle)) == false;

    /// <summary>Whether this replica's clock may be used in a shared ledger; why not, or null.</summary>
    public static string? ClockProblem(KubernetesApi api) => api.Clock.Offset.Duration() > MaxClockOffset
        ? $"the clock here is {Math.Abs(api.Clock.Offset.TotalSeconds):0} s {(api.Clock.Offset > TimeSpan.Zero ? "ahead of" : "behind")} the API server's"
        : null;
}
