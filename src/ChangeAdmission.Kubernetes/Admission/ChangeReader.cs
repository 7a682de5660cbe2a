using System.Text.Json;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Kubernetes.Admission;

/// <summary>What a request about a workload turns out to be. A closed set.</summary>
public abstract record ChangeReading
{
    private ChangeReading()
    {
    }

    /// <summary>Neither a rollout nor a change of our annotations; admitted without another look.</summary>
    public sealed record NothingToJudge : ChangeReading
    {
        public static NothingToJudge Instance { get; } = new();
    }

    public sealed record ToJudge(Change Change) : ChangeReading;

    /// <summary>A sound review about something that cannot be understood; it is rejected with the problem.</summary>
    public sealed record NotUnderstood(string Problem) : ChangeReading;
}

/// <summary>From the wire to the core: what an admission request about a workload asks to change.</summary>
public static class ChangeReader
{
    public static ChangeReading Read(AdmissionRequest request)
    {
        // Deleting a workload rolls nothing out, and these subresources cannot change a template.
        if (request.Operation == AdmissionOperation.Delete || request.SubResource is "status" or "scale")
        {
            return ChangeReading.NothingToJudge.Instance;
        }

        if (Problem(request) is { } problem)
        {
            return new ChangeReading.NotUnderstood(problem);
        }

        try
        {
            return ReadChange(request);
        }
        catch (JsonException e)
        {
            return new ChangeReading.NotUnderstood($"annotations or userInfo are not as Kubernetes writes them, at {e.Path}");
        }
        catch (InvalidOperationException)
        {
            // The reader's answer to half of a surrogate pair, written as an escape.
            return new ChangeReading.NotUnderstood("annotations or userInfo hold text that is not valid Unicode");
        }
    }

    private static ChangeReading ReadChange(AdmissionRequest request)
    {
        var body = request.Body;
        var (proposed, current) = (request.Object, request.OldObject);
        var isUpdate = request.Operation == AdmissionOperation.Update;
        var sameTemplate = isUpdate && proposed.Template.Of(body).Span.SequenceEqual(current.Template.Of(body).Span);
        if (sameTemplate && proposed.Annotations.Of(body).Span.SequenceEqual(current.Annotations.Of(body).Span))
        {
            return ChangeReading.NothingToJudge.Instance;
        }

        // Annotations may be large (kubectl keeps the last manifest in one): they are read only when something is to be judged.
        if (sameTemplate && Approval(proposed.Annotations.Of(body)) == Approval(current.Annotations.Of(body)))
        {
            return ChangeReading.NothingToJudge.Instance;
        }

        var annotations = Annotations(proposed.Annotations.Of(body));
        var currentAnnotations = Annotations(current.Annotations.Of(body));
        var user = request.UserInfo.IsEmpty
            ? null
            : JsonSerializer.Deserialize(request.UserInfo.Of(body).Span, AdmissionJson.Default.UserInfo);
        if (user?.Username is null or "")
        {
            return new ChangeReading.NotUnderstood("request.userInfo.username is missing");
        }

        return new ChangeReading.ToJudge(new Change
        {
            Workload = new WorkloadReference(request.Namespace, Enum.Parse<WorkloadKind>(request.Kind), proposed.Name!),
            Requester = user.ToRequester(),
            Proposed = Content(proposed, annotations, body),
            Current = isUpdate ? Content(current, currentAnnotations, body) : null,
            Uid = proposed.Uid!,
            CurrentGeneration = isUpdate ? current.Generation : 0,
            CurrentVersion = isUpdate ? current.ResourceVersion : 0,
            HasGeneratedName = !isUpdate && !string.IsNullOrEmpty(proposed.GenerateName),
            IsDryRun = request.IsDryRun,
        });
    }

    private static string? Problem(AdmissionRequest request) => request switch
    {
        { Operation: not (AdmissionOperation.Create or AdmissionOperation.Update) } => "request.operation is not CREATE or UPDATE",
        { SubResource.Length: > 0 } => $"the subresource {Core.Quoted.Of(request.SubResource)} is not one we know",
        { Group: not "apps" } or { Version: not "v1" } or { Kind: not ("Deployment" or "StatefulSet" or "DaemonSet") } =>
            "request.kind is not Deployment, StatefulSet or DaemonSet of apps/v1",
        { Namespace: "" } => "request.namespace is missing",
        { Object.Whole.IsEmpty: true } => "request.object is missing",
        { Object.Name: null or "" } => "request.object has no metadata.name",
        _ when !QualifiedName.IsSubdomain(request.Namespace) || !QualifiedName.IsSubdomain(request.Object.Name) =>
            "request.namespace or metadata.name is not a name that Kubernetes allows",
        { Object.Uid: null or "" } => "request.object has no metadata.uid",
        { Object.Template.IsEmpty: true } => "request.object has no spec.template",
        { Operation: AdmissionOperation.Update, OldObject.Whole.IsEmpty: true } => "request.oldObject is missing in an update",
        { Operation: AdmissionOperation.Update, OldObject.Template.IsEmpty: true } => "request.oldObject has no spec.template",
        _ => null,
    };

    private static WorkloadContent Content(ObjectSlices slices, IReadOnlyDictionary<string, string> annotations, ReadOnlyMemory<byte> body)
    {
        var template = slices.Template.Of(body);
        return new WorkloadContent
        {
            Annotations = annotations,
            TemplateAnnotations = TemplateAnnotations(template),
            Template = template,
        };
    }

    private static Dictionary<string, string> TemplateAnnotations(ReadOnlyMemory<byte> template)
    {
        var reader = new Utf8JsonReader(template.Span);
        return Descend(ref reader, "metadata"u8) && Descend(ref reader, "annotations"u8)
            ? Annotations(template[(int)reader.TokenStartIndex..])
            : [];
    }

    // Into the value of one property of the object that comes next, if that value is an object.
    private static bool Descend(ref Utf8JsonReader reader, ReadOnlySpan<byte> property)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Read();
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals(property);
            reader.Read();
            if (found)
            {
                return reader.TokenType == JsonTokenType.StartObject;
            }

            reader.Skip();
        }

        return false;
    }

    // The value of the approval annotation alone; null where there is none.
    private static string? Approval(ReadOnlyMemory<byte> json)
    {
        var reader = new Utf8JsonReader(json.Span);
        if (json.IsEmpty || !reader.Read())
        {
            return null;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals(WellKnown.SeniorApproval);
            reader.Read();
            if (found)
            {
                return reader.TokenType == JsonTokenType.String ? reader.GetString() : throw NotText(WellKnown.SeniorApproval);
            }

            reader.Skip();
        }

        return null;
    }

    private static JsonException NotText(string key) => new("an annotation is not a string", $"annotations[{key}]", null, null);

    private static Dictionary<string, string> Annotations(ReadOnlyMemory<byte> json)
    {
        var annotations = new Dictionary<string, string>(StringComparer.Ordinal);
        var reader = new Utf8JsonReader(json.Span);
        if (json.IsEmpty || !reader.Read())
        {
            return annotations;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            annotations[key] = reader.TokenType == JsonTokenType.String
                ? reader.GetString()!
                : throw NotText(key);
        }

        return annotations;
    }
}
