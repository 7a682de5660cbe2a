namespace ChangeAdmission.Kubernetes.Resources;

/// <summary>A core/v1 <c>ConfigMap</c>, as far as we read it.</summary>
public sealed record ConfigMap
{
    public required ObjectMeta Metadata { get; init; }

    public IReadOnlyDictionary<string, string>? Data { get; init; }
}

/// <summary>A merge patch that sets annotations of any object.</summary>
public sealed record AnnotationsPatch(AnnotationsPatch.Annotated Metadata)
{
    public sealed record Annotated(IReadOnlyDictionary<string, string> Annotations);
}
