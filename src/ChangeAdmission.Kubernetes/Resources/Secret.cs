namespace ChangeAdmission.Kubernetes.Resources;

/// <summary>A core/v1 <c>Secret</c>.</summary>
public sealed record Secret
{
    public string ApiVersion { get; init; } = "v1";

    public string Kind { get; init; } = "Secret";

    public required ObjectMeta Metadata { get; init; }

    public string Type { get; init; } = "Opaque";

    public IReadOnlyDictionary<string, byte[]> Data { get; init; } = new Dictionary<string, byte[]>();
}
