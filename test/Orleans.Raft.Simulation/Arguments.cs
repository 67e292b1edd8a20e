using System.Globalization;

namespace Orleans.Raft.Simulation;

/// <summary>The command line, read.</summary>
internal sealed record Arguments
{
    /// <summary>The one seed to tell the story of.</summary>
    public ulong? Seed { get; init; }

    public ulong First { get; init; } = 1;

    public ulong Count { get; init; }

    public TimeSpan Duration { get; init; } = TimeSpan.MaxValue;

    public bool IsQuiet { get; init; }

    /// <summary>Goes on after a violation, to count them.</summary>
    public bool IsKeptGoing { get; init; }

    public SimSwitches Switches { get; init; } = new();

    public static bool TryParse(string[] args, out Arguments parsed)
    {
        parsed = new Arguments();
        for (var i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--quiet":
                    parsed = parsed with { IsQuiet = true };
                    continue;
                case "--keep-going":
                    parsed = parsed with { IsKeptGoing = true };
                    continue;
                case "--ignore-lives":
                    parsed = parsed with { Switches = parsed.Switches with { IgnoreLives = true } };
                    continue;
                case "--early-votes":
                    parsed = parsed with { Switches = parsed.Switches with { EarlyVotes = true } };
                    continue;
            }

            if (i + 1 == args.Length || !TryTake(ref parsed, args[i], args[++i]))
            {
                return false;
            }
        }

        return parsed.Seed is not null || parsed.Count > 0;
    }

    public string DescribeSwitches() => (Switches.IgnoreLives ? " --ignore-lives" : "") + (Switches.EarlyVotes ? " --early-votes" : "");

    private static bool TryTake(ref Arguments parsed, string name, string value)
    {
        if (name == "--minutes")
        {
            var isNumber = double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var minutes);
            parsed = parsed with { Duration = TimeSpan.FromMinutes(minutes), Count = ulong.MaxValue };
            return isNumber && minutes > 0;
        }

        if (!ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        switch (name)
        {
            case "--seed":
                parsed = parsed with { Seed = number };
                return true;
            case "--seeds":
                parsed = parsed with { Count = number };
                return number > 0;
            case "--first":
                parsed = parsed with { First = number };
                return true;
            default:
                return false;
        }
    }
}
