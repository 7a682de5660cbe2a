using System.Text.Json;
using System.Text.Json.Serialization;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Kubernetes.Resources;

/// <summary><c>metav1.ObjectMeta</c>, as far as we read or write it.</summary>
public sealed record ObjectMeta
{
    public string? Name { get; init; }

    public string? Namespace { get; init; }

    public string? ResourceVersion { get; init; }

    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    public IReadOnlyList<OwnerReference>? OwnerReferences { get; init; }
}

/// <summary><c>metav1.OwnerReference</c>.</summary>
public sealed record OwnerReference
{
    public string? ApiVersion { get; init; }

    public string? Name { get; init; }

    public string? Kind { get; init; }

    public string? Uid { get; init; }
}

/// <summary><c>metav1.Status</c>: how the API server says no.</summary>
public sealed record ApiStatus
{
    public string? Reason { get; init; }

    public string? Message { get; init; }
}

/// <summary>Any object of which only the metadata is looked at.</summary>
public sealed record PartialObject
{
    public ObjectMeta? Metadata { get; init; }
}

/// <summary>A list of objects of which only the metadata is looked at.</summary>
public sealed record PartialObjectList
{
    public IReadOnlyList<PartialObject>? Items { get; init; }
}

/// <summary>The JSON of everything exchanged with the API server.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(ApiStatus))]
[JsonSerializable(typeof(JsonDocument))]
[JsonSerializable(typeof(PartialObject))]
[JsonSerializable(typeof(PartialObjectList))]
[JsonSerializable(typeof(SubjectAccessReview))]
[JsonSerializable(typeof(CoreEvent))]
[JsonSerializable(typeof(Secret))]
[JsonSerializable(typeof(ConfigMap))]
[JsonSerializable(typeof(AnnotationsPatch))]
[JsonSerializable(typeof(WebhookConfiguration))]
[JsonSerializable(typeof(RolloutBudget))]
[JsonSerializable(typeof(LedgerStatus))]
[JsonSerializable(typeof(ChangeRecord))]
[JsonSerializable(typeof(ChangeRecordStatusPatch))]
[JsonSerializable(typeof(Lease))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(LabelSelectorSpec))]
[JsonSerializable(typeof(IReadOnlyList<JsonPatchOperation>))]
public sealed partial class ResourcesJson : JsonSerializerContext;

/// <summary>One operation of a JSON patch (RFC 6902); values are always text here.</summary>
public sealed record JsonPatchOperation(string Op, string Path, string Value);
