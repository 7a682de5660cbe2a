using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Core.Tests.Changes;

/// <summary>Every row of the table, in every place it stands for.</summary>
public class PodTemplateDefaultsTests
{
    public static TheoryData<string> Paths() =>
        [.. PodTemplateDefaults.Rows.SelectMany(row => row.Paths)];

    [Theory]
    [MemberData(nameof(Paths))]
    public void The_default_written_out_is_the_same_as_its_absence(string path)
    {
        foreach (var (context, absence, _) in Examples(path))
            TemplateJson.Set(context(), path, absence).Digest().Should().Be(
                TemplateJson.Set(context(), path, null).Digest(), "{0} is what a server fills in at {1}", absence, path);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Any_other_value_is_another_change(string path)
    {
        foreach (var (context, _, other) in Examples(path))
            TemplateJson.Set(context(), path, other).Digest().Should().NotBe(
                TemplateJson.Set(context(), path, null).Digest(), "{0} at {1} is a decision", other, path);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Null_is_absence(string path)
    {
        // But for the members of maps, whose null is a zero value.
        if (path.EndsWith(".*", StringComparison.Ordinal) || path.Contains("['", StringComparison.Ordinal))
            return;
        TemplateJson.With(path, "null").Digest().Should().Be(TemplateJson.With(path, null).Digest());
    }

    [Fact]
    public void Null_in_a_map_of_texts_is_the_empty_text()
    {
        foreach (var path in PathsOf(FieldRule.TextMap))
        {
            TemplateJson.With(path, """{"a":null}""").Digest().Should().Be(TemplateJson.With(path, """{"a":""}""").Digest());
            TemplateJson.With(path, """{"a":null}""").Digest().Should().NotBe(TemplateJson.With(path, "{}").Digest());
        }
    }

    [Fact]
    public void Null_in_a_list_of_resources_is_zero()
    {
        foreach (var path in PathsOf(FieldRule.ResourceList))
        {
            TemplateJson.With(path, """{"cpu":null}""").Digest().Should().Be(TemplateJson.With(path, """{"cpu":"0"}""").Digest());
            TemplateJson.With(path, """{"cpu":null}""").Digest().Should().NotBe(TemplateJson.With(path, "{}").Digest());
        }
    }

    [Fact]
    public void A_path_is_in_the_table_once()
    {
        var twice = new[] { new DefaultsRow("a.{b,c}", FieldRule.ZeroText, ""), new DefaultsRow("a.c", FieldRule.ZeroFlag, "") };
        var act = () => FieldPath.FromTable(twice);
        act.Should().Throw<InvalidOperationException>().WithMessage("*a.c twice*");
    }

    // What is a pointer in Go stays apart from absence, empty or not; and so does what the table does not know.
    [Theory]
    [InlineData("spec.affinity", "{}")]
    [InlineData("spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[].labelSelector", "{}")]
    [InlineData("spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[].namespaceSelector", "{}")]
    [InlineData("spec.topologySpreadConstraints[].labelSelector", "{}")]
    [InlineData("spec.automountServiceAccountToken", "false")]
    [InlineData("spec.enableServiceLinks", "true")]
    [InlineData("spec.shareProcessNamespace", "false")]
    [InlineData("spec.hostUsers", "true")]
    [InlineData("spec.priority", "0")]
    [InlineData("spec.terminationGracePeriodSeconds", "0")]
    [InlineData("spec.resources", "{}")]
    [InlineData("spec.containers[].securityContext", "{}")]
    [InlineData("spec.containers[].securityContext.runAsUser", "0")]
    [InlineData("spec.containers[].securityContext.privileged", "false")]
    [InlineData("spec.containers[].securityContext.allowPrivilegeEscalation", "true")]
    [InlineData("spec.containers[].securityContext.capabilities", "{}")]
    [InlineData("spec.containers[].lifecycle.preStop", "{}")]
    [InlineData("spec.containers[].lifecycle.preStop.sleep.seconds", "0")]
    [InlineData("spec.containers[].livenessProbe", "{}")]
    [InlineData("spec.containers[].livenessProbe.terminationGracePeriodSeconds", "30")]
    [InlineData("spec.containers[].env[].valueFrom", "{}")]
    [InlineData("spec.containers[].env[].valueFrom.configMapKeyRef.optional", "false")]
    [InlineData("spec.containers[].env[].valueFrom.resourceFieldRef.divisor", "\"1\"")]
    [InlineData("spec.containers[].volumeMounts[].mountPropagation", "\"None\"")]
    [InlineData("spec.containers[].restartPolicy", "\"\"")]
    [InlineData("spec.containers[].imagePullPolicy", "\"Always\"")]
    [InlineData("spec.volumes[].emptyDir.sizeLimit", "\"0\"")]
    [InlineData("spec.volumes[].secret.optional", "false")]
    [InlineData("spec.volumes[].secret.defaultMode", "0")]
    [InlineData("spec.volumes[].csi.readOnly", "false")]
    [InlineData("spec.volumes[].hostPath.type", "\"Directory\"")]
    [InlineData("spec.volumes[].ephemeral.volumeClaimTemplate.spec.storageClassName", "\"\"")]
    [InlineData("spec.fieldOfTheFuture", "\"\"")]
    [InlineData("spec.fieldOfTheFuture", "0")]
    [InlineData("spec.fieldOfTheFuture", "[]")]
    [InlineData("spec.fieldOfTheFuture", "{}")]
    [InlineData("spec.containers", "[]")]
    [InlineData("spec.containers[]", "null")]
    public void What_a_server_keeps_apart_from_absence_is_kept_apart(string path, string value) =>
        TemplateJson.With(path, value).Digest().Should().NotBe(TemplateJson.With(path, null).Digest());

    private static IEnumerable<string> PathsOf(FieldRule rule) =>
        PodTemplateDefaults.Rows.Where(row => row.Rule == rule).SelectMany(row => row.Paths);

    // For a path: templates to put it into, a value that is absence there, and one that is not.
    private static IEnumerable<(Func<System.Text.Json.Nodes.JsonObject> Context, string Absence, string Other)> Examples(string path)
    {
        var rule = PodTemplateDefaults.Rows.Single(row => row.Paths.Contains(path)).Rule;
        Func<System.Text.Json.Nodes.JsonObject> alone = () => TemplateJson.With(path, null);
        Func<string, string, Func<System.Text.Json.Nodes.JsonObject>> beside =
            (name, value) => () => TemplateJson.With(Sibling(path, name), value);
        switch (rule)
        {
            case FieldRule.ScalarRule scalar:
                return scalar.Absences.Select(absence => absence.Kind switch
                {
                    JsonKind.String => (alone, TemplateJson.Quoted(absence.Text), "\"something else\""),
                    JsonKind.Number => (alone, absence.Text, "7"),
                    JsonKind.False => (alone, "false", "true"),
                    _ => (alone, "true", "false"),
                });
            case FieldRule.EmptyRule { Kind: JsonKind.Array }:
                return [(alone, "[]", "[{}]"), (alone, "[]", "\"\"")];
            case FieldRule.EmptyRule { NullMember: not null }:
                return [(alone, "{}", """{"a":""}""")];
            case FieldRule.EmptyRule:
                return [(alone, "{}", """{"a":""}"""), (alone, "{}", "[]")];
            case FieldRule.QuantityRule { ZeroIsAbsence: true }:
                return [(alone, "\"0\"", "\"1\""), (alone, "0", "1"), (alone, "\"0m\"", "\"1m\"")];
            case FieldRule.QuantityRule:
                return
                [
                    (() => TemplateJson.With(path, "\"1\""), "\"1000m\"", "\"1001m\""),
                    (() => TemplateJson.With(path, "\"512Mi\""), "\"0.5Gi\"", "\"0.25Gi\""),
                    (() => TemplateJson.With(path, "\"1\""), "1", "\"one\""),
                    (() => TemplateJson.With(path, "\"0\""), "0", "\"1n\""),
                ];
            case var _ when rule == ConditionalRules.PullPolicyOfImage || rule == ConditionalRules.PullPolicyOfReference:
                var image = rule == ConditionalRules.PullPolicyOfImage ? "image" : "reference";
                return
                [
                    (beside(image, "\"a\""), "\"Always\"", "\"IfNotPresent\""),
                    (beside(image, "\"a:latest\""), "\"Always\"", "\"Never\""),
                    (beside(image, "\"a:1\""), "\"IfNotPresent\"", "\"Always\""),
                    (beside(image, "\"a:1\""), "\"\"", "\"Never\""),
                ];
            case var _ when rule == ConditionalRules.HostPort:
                return
                [
                    (beside("containerPort", "80"), "0", "80"),
                    (() => beside("containerPort", "80")().And("spec.hostNetwork", "true"), "80", "81"),
                    (() => beside("containerPort", "80")().And("spec.hostNetwork", "false"), "0", "80"),
                ];
            case var _ when rule == ConditionalRules.ServiceAccount:
                return
                [
                    (alone, "\"\"", "\"robot\""),
                    (beside("serviceAccountName", "\"robot\""), "\"robot\"", "[\"robot\"]"),
                    (beside("serviceAccountName", "\"robot\""), "\"android\"", "7"),
                ];
            case var _ when rule == ConditionalRules.OnlySource:
                return
                [
                    (beside("name", "\"a\""), "{}", """{"medium":"Memory"}"""),
                    (() => beside("name", "\"a\"")().And("spec.volumes[].nfs", "null"), "{}", "[]"),
                ];
            case var _ when rule == ConditionalRules.RestartedAt:
                return [(alone, "\"2026-01-02T15:04:05Z\"", "\"2026-01-02 15:04:05Z\"")];
            default:
                throw new InvalidOperationException($"No examples for the rule at {path}: add them here.");
        }
    }

    private static string Sibling(string path, string name) => path[..(path.LastIndexOf('.') + 1)] + name;
}
