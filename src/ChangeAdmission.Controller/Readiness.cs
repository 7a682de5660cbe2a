using ChangeAdmission.Controller.Certificates;
using ChangeAdmission.Controller.Governance;
using ChangeAdmission.Controller.Operator;

namespace ChangeAdmission.Controller;

/// <summary>
/// Whether this replica may be sent reviews: it knows the policies and namespaces, and the API server trusts the
/// certificate that it serves.
/// </summary>
internal sealed class Readiness(ClusterState state, ServingCertificate serving, IHostApplicationLifetime lifetime)
{
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

        return serving.CaCertificate is not { } ca ? "there is no serving certificate yet"
            : state.WebhookConfiguration is { } configuration && !WebhookConfigurationReconciler.Publishes(configuration, ca)
                ? "the webhook configuration does not publish the CA of the certificate served"
                : null;
    }
}
