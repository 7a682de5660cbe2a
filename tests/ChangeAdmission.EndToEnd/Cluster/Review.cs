using System.Text;
using System.Text.Json.Nodes;

namespace ChangeAdmission.EndToEnd.Cluster;

/// <summary>AdmissionReviews as the API server sends them, to be spoilt by tests.</summary>
internal static class Review
{
    public const string Uid = "3f0c7a52-0000-4000-8000-00000000e2e0";

    /// <summary>A create that would be admitted: sound in every part.</summary>
    public static JsonObject Of(Manifest workload, TestNamespace ns) => new()
    {
        ["kind"] = "AdmissionReview",
        ["apiVersion"] = "admission.k8s.io/v1",
        ["request"] = new JsonObject
        {
            ["uid"] = Uid,
            ["kind"] = new JsonObject { ["group"] = "apps", ["version"] = "v1", ["kind"] = workload.Kind.ToString() },
            ["resource"] = new JsonObject { ["group"] = "apps", ["version"] = "v1", ["resource"] = "deployments" },
            ["name"] = workload.Name,
            ["namespace"] = ns.Name,
            ["operation"] = "CREATE",
            ["userInfo"] = new JsonObject { ["username"] = "dev", ["groups"] = new JsonArray("developers", "system:authenticated") },
            ["object"] = Stored(workload),
            ["oldObject"] = null,
            ["dryRun"] = true,
        },
    };

    // The API server gives an object its uid before it asks.
    private static JsonObject Stored(Manifest workload)
    {
        var stored = workload.ToJson();
        stored["metadata"]!["uid"] = "3f0c7a52-0000-4000-8000-00000000e2e1";
        return stored;
    }

    /// <summary>An update from one content to another.</summary>
    public static JsonObject Of(Manifest before, Manifest after, TestNamespace ns)
    {
        var review = Of(after, ns);
        review["request"]!["operation"] = "UPDATE";
        review["request"]!["oldObject"] = Stored(before);
        return review;
    }

    /// <summary>The same review with something done to it.</summary>
    public static JsonObject With(this JsonObject review, Action<JsonObject> change)
    {
        var changed = review.DeepClone().AsObject();
        change(changed["request"]!.AsObject());
        return changed;
    }

    public static byte[] Bytes(this JsonObject review) => Encoding.UTF8.GetBytes(review.ToJsonString());

    /// <summary>The same bytes with one piece of text replaced, whatever JSON it makes.</summary>
    public static byte[] Bytes(this JsonObject review, string piece, string by)
    {
        var text = review.ToJsonString();
        text.Should().Contain(piece, "otherwise nothing would be spoilt");
        return Encoding.UTF8.GetBytes(text.Replace(piece, by, StringComparison.Ordinal));
    }
}
