using System.Text.Json.Serialization;
using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Kubernetes.Admission;

/// <summary><c>authentication.k8s.io/v1 UserInfo</c>, as it stands in a review.</summary>
public sealed record UserInfo
{
    public string? Username { get; init; }

    public string? Uid { get; init; }

    public IReadOnlyList<string>? Groups { get; init; }

    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Extra { get; init; }

    public Requester ToRequester() => new(Username ?? "", Groups ?? [], Uid, Extra);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(UserInfo))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class AdmissionJson : JsonSerializerContext;
