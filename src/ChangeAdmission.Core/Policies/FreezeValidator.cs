using System.Globalization;
using Cronos;

namespace ChangeAdmission.Core.Policies;

/// <summary>The outcome of checking a freeze.</summary>
public sealed record FreezeValidation(ChangeFreeze Freeze, IReadOnlyList<FieldError> Errors)
{
    public bool IsValid => Errors.Count == 0;
}

/// <summary>Makes a checked freeze of a written one, and finds everything that is wrong with it at once.</summary>
public static class FreezeValidator
{
    public const int MaxReason = 256;
    public static readonly TimeSpan MinDuration = TimeSpan.FromMinutes(1);
    public static readonly TimeSpan MaxDuration = TimeSpan.FromDays(31);

    public static FreezeValidation Validate(string name, ChangeFreezeSpec? spec)
    {
        spec ??= new ChangeFreezeSpec();
        var errors = new List<FieldError>();
        if (string.IsNullOrWhiteSpace(spec.Reason) || spec.Reason.Length > MaxReason)
        {
            errors.Add(new("spec.reason", $"is required, at most {MaxReason} characters: it is shown to everybody who is held up"));
        }

        var before = errors.Count;
        var selector = LabelSelectorValidator.Validate("spec.namespaceSelector", spec.NamespaceSelector, errors);
        if (errors.Count > before)
        {
            selector = LabelSelector.Everything;
        }

        var appliesTo = PolicyValidator.Choice("spec.appliesTo", spec.AppliesTo, default(ChangeSubset), errors);
        var times = Times(spec, errors);
        return new FreezeValidation(
            new ChangeFreeze
            {
                Name = name,
                Reason = spec.Reason ?? "",
                NamespaceSelector = selector,
                AppliesTo = appliesTo,
                Times = errors.Count > 0 ? new FreezeTimes.Unknown(errors[0].ToString()) : times!,
            },
            errors);
    }

    private static FreezeTimes? Times(ChangeFreezeSpec spec, List<FieldError> errors)
    {
        var isOnce = spec.From is not null || spec.Until is not null;
        var isRecurring = spec.Schedule is not null || spec.Duration is not null || spec.TimeZone is not null;
        if (isOnce == isRecurring)
        {
            errors.Add(new("spec", isOnce
                ? "has both forms; write either from and until, or schedule, duration and timeZone"
                : "says no time; write either from and until, or schedule, duration and timeZone"));
            return null;
        }

        return isOnce ? Once(spec, errors) : Recurring(spec, errors);
    }

    private static FreezeTimes.Once Once(ChangeFreezeSpec spec, List<FieldError> errors)
    {
        var from = Instant("spec.from", spec.From, errors);
        var until = Instant("spec.until", spec.Until, errors);
        if (until <= from)
        {
            errors.Add(new("spec.until", "must be after spec.from"));
        }

        return new FreezeTimes.Once(from, until);
    }

    private static FreezeTimes.Recurring? Recurring(ChangeFreezeSpec spec, List<FieldError> errors)
    {
        CronExpression? schedule = null;
        TimeZoneInfo? zone = TimeZoneInfo.Utc;
        if (spec.Schedule is null)
        {
            errors.Add(new("spec.schedule", "is required with duration or timeZone"));
        }
        else if (!CronExpression.TryParse(spec.Schedule, CronFormat.Standard, out schedule))
        {
            errors.Add(new("spec.schedule", $"{Quoted.Of(spec.Schedule)} is not a cron expression of five fields, such as 0 18 * * FRI"));
        }

        if (!DurationText.TryParse(spec.Duration, out var duration) || duration < MinDuration || duration > MaxDuration)
        {
            errors.Add(new("spec.duration", spec.Duration is null
                ? "is required with schedule, such as 60h"
                : $"{Quoted.Of(spec.Duration)} is not a duration from {DurationText.Of(MinDuration)} to {DurationText.Of(MaxDuration)}, such as 60h"));
        }

        // A Windows name is known to .NET and to no other part of Kubernetes.
        if (spec.TimeZone is not null && (!TimeZoneInfo.TryFindSystemTimeZoneById(spec.TimeZone, out zone) || !zone.HasIanaId))
        {
            zone = null;
            errors.Add(new("spec.timeZone", $"{Quoted.Of(spec.TimeZone)} is not the IANA name of a time zone known here, such as Europe/Berlin"));
        }

        return schedule is null || zone is null ? null : new FreezeTimes.Recurring(schedule, duration, zone);
    }

    private static DateTimeOffset? Instant(string path, string? written, List<FieldError> errors)
    {
        if (written is null)
        {
            return null;
        }

        // RFC 3339 wants an offset; without one, .NET would take the time zone of this machine.
        string[] forms = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];
        if (written.Length > 19 && (written.EndsWith('Z') || written[^6] is '+' or '-')
            && DateTimeOffset.TryParseExact(written, forms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant))
        {
            return instant.ToUniversalTime();
        }

        errors.Add(new(path, $"{Quoted.Of(written)} is not an RFC 3339 time, such as 2026-11-27T00:00:00Z"));
        return null;
    }
}
