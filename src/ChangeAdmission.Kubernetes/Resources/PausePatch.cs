using System.Text.Json.Serialization;

namespace ChangeAdmission.Kubernetes.Resources;

/// <summary>A merge patch (RFC 7386) that pauses or resumes a Deployment; null removes an annotation.</summary>
public sealed record PausePatch(PausePatchMetadata Metadata, PausePatchSpec Spec);

public sealed record PausePatchMetadata(IReadOnlyDictionary<string, string?> Annotations);

public sealed record PausePatchSpec(bool Paused);

/// <summary>Writes nulls, which mean something in a merge patch.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(PausePatch))]
public sealed partial class PausePatchJson : JsonSerializerContext;
