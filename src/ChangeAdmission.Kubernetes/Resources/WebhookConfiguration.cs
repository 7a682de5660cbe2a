namespace ChangeAdmission.Kubernetes.Resources;

/// <summary>
/// <c>admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration</c> or <c>MutatingWebhookConfiguration</c>, as far as we look at
/// it, which is where the two are the same.
/// </summary>
public sealed record WebhookConfiguration
{
    public const string Validating = "apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    public const string Mutating = "apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";

    public ObjectMeta? Metadata { get; init; }

    public IReadOnlyList<Webhook>? Webhooks { get; init; }
}

public sealed record Webhook
{
    public string? Name { get; init; }

    public WebhookClientConfig? ClientConfig { get; init; }
}

public sealed record WebhookClientConfig
{
    /// <summary>PEM certificates.</summary>
    public byte[]? CaBundle { get; init; }
}
