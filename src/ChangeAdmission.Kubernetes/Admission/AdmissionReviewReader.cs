using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;

namespace ChangeAdmission.Kubernetes.Admission;

/// <summary>
/// Reads an AdmissionReview in one pass over its bytes. Strict where two readers could differ (UTF-8, duplicate
/// keys, depth, types of what is looked at), tolerant of fields it does not know.
/// </summary>
public static class AdmissionReviewReader
{
    private const int MaxUid = 256;

    /// <exception cref="AdmissionReviewException">The body is not an AdmissionReview that can be answered.</exception>
    public static AdmissionRequest Read(ReadOnlyMemory<byte> body)
    {
        if (body.IsEmpty)
        {
            throw new AdmissionReviewException("the body is empty");
        }

        if (!Utf8.IsValid(body.Span))
        {
            throw new AdmissionReviewException("the body is not valid UTF-8");
        }

        var cursor = new JsonCursor(body.Span);
        try
        {
            return ReadReview(ref cursor, body);
        }
        catch (JsonException e)
        {
            throw new AdmissionReviewException(
                e.Message.Contains("maximum configured depth", StringComparison.Ordinal)
                    ? $"the body is nested deeper than {JsonCursor.MaxDepth} levels"
                    : $"the body is not JSON, from byte {e.BytePositionInLine} of line {e.LineNumber} on");
        }
        catch (InvalidOperationException)
        {
            // The reader's answer to text that cannot be decoded: half of a surrogate pair, written as an escape.
            throw new AdmissionReviewException("the body holds text that is not valid Unicode");
        }
        finally
        {
            cursor.Dispose();
        }
    }

    private static AdmissionRequest ReadReview(ref JsonCursor cursor, ReadOnlyMemory<byte> body)
    {
        AdmissionRequest? request = null;
        string? apiVersion = null, kind = null;

        cursor.Read();
        Expect(cursor.TokenType == JsonTokenType.StartObject, "the body is not a JSON object");
        while (NextProperty(ref cursor))
        {
            if (cursor.Is("apiVersion"u8))
            {
                apiVersion = Text(ref cursor, "apiVersion");
            }
            else if (cursor.Is("kind"u8))
            {
                kind = Text(ref cursor, "kind");
            }
            else if (cursor.Is("request"u8))
            {
                request = ReadRequest(ref cursor, body);
            }
            else
            {
                cursor.Skip();
            }
        }

        cursor.Read(); // throws when anything follows the document
        Expect(kind == "AdmissionReview", "the body is not an AdmissionReview");
        Expect(apiVersion == "admission.k8s.io/v1", "apiVersion is not admission.k8s.io/v1");
        Expect(request is not null, "request is missing");
        Expect(!request!.Uid.IsEmpty, "request.uid is missing");
        return request;
    }

    private static AdmissionRequest? ReadRequest(ref JsonCursor cursor, ReadOnlyMemory<byte> body)
    {
        if (!EnterObject(ref cursor, "request"))
        {
            return null;
        }

        Slice uid = default, userInfo = default;
        string group = "", version = "", kind = "", subResource = "", ns = "", name = "";
        AdmissionOperation operation = default;
        var dryRun = false;
        ObjectSlices obj = new(), old = new();
        while (NextProperty(ref cursor))
        {
            if (cursor.Is("uid"u8))
            {
                uid = Uid(ref cursor);
            }
            else if (cursor.Is("kind"u8))
            {
                (group, version, kind) = GroupVersionKind(ref cursor);
            }
            else if (cursor.Is("subResource"u8))
            {
                subResource = Text(ref cursor, "request.subResource");
            }
            else if (cursor.Is("namespace"u8))
            {
                ns = Text(ref cursor, "request.namespace");
            }
            else if (cursor.Is("name"u8))
            {
                name = Text(ref cursor, "request.name");
            }
            else if (cursor.Is("operation"u8))
            {
                operation = Operation(ref cursor);
            }
            else if (cursor.Is("dryRun"u8))
            {
                dryRun = Flag(ref cursor, "request.dryRun");
            }
            else if (cursor.Is("userInfo"u8))
            {
                userInfo = Value(ref cursor, JsonTokenType.StartObject, "request.userInfo");
            }
            else if (cursor.Is("object"u8))
            {
                obj = Object(ref cursor, "request.object");
            }
            else if (cursor.Is("oldObject"u8))
            {
                old = Object(ref cursor, "request.oldObject");
            }
            else
            {
                cursor.Skip();
            }
        }

        return new AdmissionRequest
        {
            Body = body,
            Uid = uid,
            Group = group,
            Version = version,
            Kind = kind,
            SubResource = subResource,
            Namespace = ns,
            Name = name,
            Operation = operation,
            IsDryRun = dryRun,
            UserInfo = userInfo,
            Object = obj,
            OldObject = old,
        };
    }

    private static ObjectSlices Object(ref JsonCursor cursor, string path)
    {
        if (!EnterObject(ref cursor, path))
        {
            return new();
        }

        var start = cursor.Start;
        var slices = new ObjectSlices();
        while (NextProperty(ref cursor))
        {
            if (cursor.Is("metadata"u8))
            {
                slices = Metadata(ref cursor, slices);
            }
            else if (cursor.Is("spec"u8))
            {
                slices = Spec(ref cursor, slices);
            }
            else
            {
                cursor.Skip();
            }
        }

        return slices with { Whole = new Slice(start, cursor.End) };
    }

    private static ObjectSlices Metadata(ref JsonCursor cursor, ObjectSlices slices)
    {
        if (!EnterObject(ref cursor, "metadata"))
        {
            return slices;
        }

        string? name = null, generateName = null, uid = null;
        Slice annotations = default;
        long generation = 0;
        ulong version = 0;
        while (NextProperty(ref cursor))
        {
            if (cursor.Is("name"u8))
            {
                name = Text(ref cursor, "metadata.name");
            }
            else if (cursor.Is("generateName"u8))
            {
                generateName = Text(ref cursor, "metadata.generateName");
            }
            else if (cursor.Is("uid"u8))
            {
                uid = Text(ref cursor, "metadata.uid");
            }
            else if (cursor.Is("resourceVersion"u8))
            {
                _ = ulong.TryParse(Text(ref cursor, "metadata.resourceVersion"), NumberStyles.None, CultureInfo.InvariantCulture, out version);
            }
            else if (cursor.Is("generation"u8))
            {
                cursor.Read();
                Expect(cursor.TokenType == JsonTokenType.Null || cursor.TryGetInt64(out generation), "metadata.generation is not a whole number");
            }
            else if (cursor.Is("annotations"u8))
            {
                annotations = Value(ref cursor, JsonTokenType.StartObject, "metadata.annotations");
            }
            else
            {
                cursor.Skip();
            }
        }

        return slices with { Name = name, GenerateName = generateName, Uid = uid, Generation = generation, ResourceVersion = version, Annotations = annotations };
    }

    private static ObjectSlices Spec(ref JsonCursor cursor, ObjectSlices slices)
    {
        if (!EnterObject(ref cursor, "spec"))
        {
            return slices;
        }

        while (NextProperty(ref cursor))
        {
            if (cursor.Is("template"u8))
            {
                slices = slices with { Template = Value(ref cursor, JsonTokenType.StartObject, "spec.template") };
            }
            else
            {
                cursor.Skip();
            }
        }

        return slices;
    }

    private static (string Group, string Version, string Kind) GroupVersionKind(ref JsonCursor cursor)
    {
        string group = "", version = "", kind = "";
        if (EnterObject(ref cursor, "request.kind"))
        {
            while (NextProperty(ref cursor))
            {
                if (cursor.Is("group"u8))
                {
                    group = Text(ref cursor, "request.kind.group");
                }
                else if (cursor.Is("version"u8))
                {
                    version = Text(ref cursor, "request.kind.version");
                }
                else if (cursor.Is("kind"u8))
                {
                    kind = Text(ref cursor, "request.kind.kind");
                }
                else
                {
                    cursor.Skip();
                }
            }
        }

        return (group, version, kind);
    }

    private static AdmissionOperation Operation(ref JsonCursor cursor) => Text(ref cursor, "request.operation") switch
    {
        "CREATE" => AdmissionOperation.Create,
        "UPDATE" => AdmissionOperation.Update,
        "DELETE" => AdmissionOperation.Delete,
        "CONNECT" => AdmissionOperation.Connect,
        _ => AdmissionOperation.Other,
    };

    private static Slice Uid(ref JsonCursor cursor)
    {
        cursor.Read();
        Expect(cursor.TokenType == JsonTokenType.String, "request.uid is not a string");
        var slice = new Slice(cursor.Start, cursor.End);
        Expect(slice.End - slice.Start is > 2 and <= MaxUid, $"request.uid is empty or longer than {MaxUid - 2} bytes");
        return slice;
    }

    private static string Text(ref JsonCursor cursor, string path)
    {
        cursor.Read();
        Expect(cursor.TokenType is JsonTokenType.String or JsonTokenType.Null, $"{path} is not a string");
        return cursor.GetString() ?? "";
    }

    private static bool Flag(ref JsonCursor cursor, string path)
    {
        cursor.Read();
        Expect(cursor.TokenType is JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null, $"{path} is not a boolean");
        return cursor.TokenType == JsonTokenType.True;
    }

    private static Slice Value(ref JsonCursor cursor, JsonTokenType expected, string path)
    {
        cursor.Read();
        if (cursor.TokenType == JsonTokenType.Null)
        {
            return default;
        }

        Expect(cursor.TokenType == expected, $"{path} is not an object");
        var start = cursor.Start;
        cursor.Skip();
        return new Slice(start, cursor.End);
    }

    private static bool EnterObject(ref JsonCursor cursor, string path)
    {
        cursor.Read();
        Expect(cursor.TokenType is JsonTokenType.StartObject or JsonTokenType.Null, $"{path} is not an object");
        return cursor.TokenType == JsonTokenType.StartObject;
    }

    private static bool NextProperty(ref JsonCursor cursor)
    {
        cursor.Read();
        return cursor.TokenType == JsonTokenType.PropertyName;
    }

    private static void Expect(bool holds, string problem)
    {
        if (!holds)
        {
            throw new AdmissionReviewException(problem);
        }
    }
}
