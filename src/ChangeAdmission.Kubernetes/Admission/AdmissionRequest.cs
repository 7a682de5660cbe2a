namespace ChangeAdmission.Kubernetes.Admission;

/// <summary>The operations a webhook is asked about.</summary>
public enum AdmissionOperation
{
    /// <summary>Anything we do not know.</summary>
    Other,
    Create,
    Update,
    Delete,
    Connect,
}

/// <summary>Where in the body a value stands: <c>body[Start..End]</c>. Empty when it is absent or null.</summary>
public readonly record struct Slice(int Start, int End)
{
    public bool IsEmpty => End == Start;

    public ReadOnlyMemory<byte> Of(ReadOnlyMemory<byte> body) => body[Start..End];
}

/// <summary>What of an object is looked at, as places in the body.</summary>
public sealed record ObjectSlices
{
    /// <summary>The object itself; empty when it is absent or null.</summary>
    public Slice Whole { get; init; }

    public string? Name { get; init; }

    public string? GenerateName { get; init; }

    public string? Uid { get; init; }

    /// <summary><c>metadata.resourceVersion</c>, a number on every API server (KEP-5504); 0 when it is absent or none.</summary>
    public ulong ResourceVersion { get; init; }

    /// <summary><c>metadata.generation</c>; 0 when it is absent.</summary>
    public long Generation { get; init; }

    /// <summary><c>metadata.annotations</c>.</summary>
    public Slice Annotations { get; init; }

    /// <summary><c>spec.template</c>.</summary>
    public Slice Template { get; init; }
}

/// <summary>
/// One <c>AdmissionReview</c> request (<c>admission.k8s.io/v1</c>), read in one pass: the few short values as text,
/// the large ones as places in the body, which must outlive this object.
/// </summary>
public sealed record AdmissionRequest
{
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary><c>request.uid</c> as it stands in the body, quotes included; it is echoed as it came.</summary>
    public Slice Uid { get; init; }

    /// <summary><c>request.kind</c>: what the objects in this review are.</summary>
    public string Group { get; init; } = "";

    public string Version { get; init; } = "";

    public string Kind { get; init; } = "";

    public string SubResource { get; init; } = "";

    public string Namespace { get; init; } = "";

    public string Name { get; init; } = "";

    public AdmissionOperation Operation { get; init; }

    public bool IsDryRun { get; init; }

    public Slice UserInfo { get; init; }

    public ObjectSlices Object { get; init; } = new();

    public ObjectSlices OldObject { get; init; } = new();
}
