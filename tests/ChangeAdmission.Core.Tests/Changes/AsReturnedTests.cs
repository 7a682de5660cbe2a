using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Core.Tests.Changes;

/// <summary>
/// What real API servers made of pod templates, recorded in AsReturned/*.tsv: each row a path, the value that was submitted, the value
/// that came back (- for none). Both must be one change.
/// </summary>
public class AsReturnedTests
{
    // What 1.20.2 does not know it drops, or fills in the default of what is left: there the stored object is another change indeed.
    private static readonly string[] UnknownTo120 =
    [
        ".spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[].podAffinityTerm.namespaceSelector", // 1.21
        ".spec.containers[].lifecycle.preStop", // sleep, 1.29: an empty hook is left
        ".spec.containers[].lifecycle.preStop.sleep.seconds", // 1.29
        ".spec.containers[].livenessProbe.grpc.port", // 1.23
        ".spec.containers[].resizePolicy[].resourceName", // 1.27
        ".spec.containers[].resizePolicy[].restartPolicy", // 1.27
        ".spec.hostUsers", // 1.25
        ".spec.initContainers[].restartPolicy", // sidecars, 1.28
        ".spec.resources.limits.cpu", // 1.32
        ".spec.resources.limits.memory", // 1.32
        ".spec.volumes[].ephemeral.volumeClaimTemplate.spec.accessModes[]", // a disabled alpha in 1.20
        ".spec.volumes[].ephemeral.volumeClaimTemplate.spec.resources.requests.storage",
        ".spec.volumes[].image.reference", // 1.31
    ];

    public static TheoryData<string, string, string> Rows(string version)
    {
        var data = new TheoryData<string, string, string>();
        foreach (var line in File.ReadLines(RepositoryFiles.Of($"tests/ChangeAdmission.Core.Tests/Changes/AsReturned/{version}.tsv")).Skip(1))
        {
            var columns = line.Split('\t');
            data.Add(columns[0], columns[1], columns[2]);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Rows), "1.36.2")]
    public void A_template_and_what_1_36_made_of_it_are_one_change(string path, string submitted, string returned) =>
        Place(path, submitted, returned).Digest().Should().Be(Place(path, returned, returned).Digest());

    [Theory]
    [MemberData(nameof(Rows), "1.20.2")]
    public void A_template_and_what_1_20_made_of_it_are_one_change(string path, string submitted, string returned)
    {
        var same = Place(path, submitted, returned).Digest() == Place(path, returned, returned).Digest();
        same.Should().Be(!UnknownTo120.Contains(path));
    }

    [Fact]
    public void The_exceptions_are_all_met() =>
        UnknownTo120.Should().BeSubsetOf(Rows("1.20.2").Select(row => (string)row[0]));

    // The fields that the server's answer depended on stand beside.
    private static System.Text.Json.Nodes.JsonObject Place(string path, string value, string returned)
    {
        var template = TemplateJson.With(path, value == "-" ? null : value);
        var parent = path[..(path.LastIndexOf('.') + 1)];
        return path switch
        {
            ".spec.serviceAccount" => template.And(".spec.serviceAccountName", "\"s\""),
            ".spec.serviceAccountName" => template.And(".spec.serviceAccount", "\"s\""),
            ".spec.volumes[].emptyDir" => template.And(parent + "name", "\"v\""),
            ".spec.volumes[].image.pullPolicy" => template.And(parent + "reference", "\"a/b:1\""),
            _ when path.EndsWith(".hostPort", StringComparison.Ordinal) =>
                template.And(parent + "containerPort", "80").And(".spec.hostNetwork", "true"),
            _ when path.EndsWith(".imagePullPolicy", StringComparison.Ordinal) =>
                template.And(parent + "image", returned == "\"Always\"" ? "\"a\"" : "\"a:1\""),
            _ => template,
        };
    }
}
