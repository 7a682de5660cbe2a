namespace ChangeAdmission.Kubernetes.Resources;

/// <summary>A core/v1 <c>Event</c>.</summary>
public sealed record CoreEvent
{
    public string ApiVersion { get; init; } = "v1";

    public string Kind { get; init; } = "Event";

    public required ObjectMeta Metadata { get; init; }

    public required ObjectReference InvolvedObject { get; init; }

    public required string Reason { get; init; }

    /// <summary>At most 1024 bytes, or the API server refuses it.</summary>
    public required string Message { get; init; }

    /// <summary><c>Normal</c> or <c>Warning</c>.</summary>
    public required string Type { get; init; }

    public required DateTimeOffset FirstTimestamp { get; init; }

    public required DateTimeOffset LastTimestamp { get; init; }

    public int Count { get; init; } = 1;

    public required EventSource Source { get; init; }
}

public sealed record EventSource(string Component);

public sealed record ObjectReference
{
    public required string ApiVersion { get; init; }

    public required string Kind { get; init; }

    public required string Name { get; init; }

    public string? Namespace { get; init; }

    public string? Uid { get; init; }
}
