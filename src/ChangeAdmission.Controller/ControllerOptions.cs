using System.Net;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Controller;

/// <summary>How this process was asked to run; every value checked before it serves.</summary>
internal sealed record ControllerOptions
{
    /// <summary>Null: as every Kubernetes tool finds its cluster, the pod's ServiceAccount last.</summary>
    public string? Kubeconfig { get; init; }

    /// <summary>The controller's own namespace, where its Secret lives.</summary>
    public required string Namespace { get; init; }

    /// <summary>Where the webhooks are served, by TLS.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>Where <c>/metrics</c>, <c>/healthz</c> and <c>/readyz</c> are served, without TLS.</summary>
    public required IPEndPoint ListenMetrics { get; init; }

    /// <summary>The names and addresses by which the API server calls us; they stand in the serving certificate.</summary>
    public required IReadOnlyList<string> Hosts { get; init; }

    /// <summary>The name of the ValidatingWebhookConfiguration and of the MutatingWebhookConfiguration that point to us.</summary>
    public required string WebhookConfiguration { get; init; }

    /// <summary>The Lease whose holder runs the reconcilers, in <see cref="Namespace"/>.</summary>
    public string Lease { get; init; } = "changeadmission";

    /// <summary>
    /// A reservation that nobody has seen persisted is looked into after this long. Never less than a write can be on its way, but in tests.
    /// </summary>
    public TimeSpan ReleaseAfter { get; init; } = TimeSpan.FromSeconds(180);

    /// <summary>Which namespaces are critical; the same selector as in the webhook configuration.</summary>
    public required LabelSelector CriticalNamespaces { get; init; }

    /// <summary>What signed approvals call this cluster (<c>aud</c>).</summary>
    public string ClusterName { get; init; } = "default";

    /// <summary>Of a serving certificate of our own; replaced after two thirds of it.</summary>
    public TimeSpan CertificateLifetime { get; init; } = TimeSpan.FromDays(90);

    /// <summary>The same of the CA.</summary>
    public TimeSpan CaLifetime { get; init; } = TimeSpan.FromDays(365);

    /// <summary>A directory with <c>tls.crt</c>, <c>tls.key</c> and perhaps <c>ca.crt</c>, served instead of a certificate of our own; null without.</summary>
    public string? CertificateFiles { get; init; }

    /// <summary>Whether somebody else, such as cert-manager, keeps the caBundle of the webhook configurations.</summary>
    public bool IsCaPublishedElsewhere { get; init; }

    /// <summary>The ConfigMap in <see cref="Namespace"/> with the ChangePolicy to create once; null for none.</summary>
    public string? DefaultPolicy { get; init; }

    /// <summary>How long a replica that was told to end still answers.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>PEM certificates; when set, callers must present a certificate that one of these signed.</summary>
    public string? ClientCa { get; init; }

    public bool JsonLogs { get; init; }
}
