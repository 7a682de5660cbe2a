namespace ChangeAdmission.Core.Changes;

/// <summary>
/// A pod template that has no change digest because it is not what the API server could have accepted: not JSON, not an
/// object, a key twice, nested deeper than 64, or text that is not Unicode.
/// </summary>
public sealed class InvalidPodTemplateException : Exception
{
    public InvalidPodTemplateException(string path, string message, Exception? cause = null)
        : base(message, cause) => Path = path;

    /// <summary>Where, as Kubernetes writes field paths: <c>spec.template.spec.containers[0].image</c>.</summary>
    public string Path { get; }
}
