using System.Globalization;

namespace KeyValueStore;

/// <summary>What was asked for on the command line.</summary>
internal sealed record CommandLine
{
    public const int DefaultSiloPort = 11111;

    /// <summary>Address of the HTTP service.</summary>
    public string Urls { get; private init; } = "http://127.0.0.1:5000";

    /// <summary>Folder of all data; each silo has a sub-folder.</summary>
    public string Data { get; private init; } = "kv-data";

    /// <summary>File to import once everything runs.</summary>
    public string? Import { get; private init; }

    /// <summary>Port of the first silo; the others follow, gateways are 100 above.</summary>
    public int SiloPort { get; private init; } = DefaultSiloPort;

    /// <summary>Reads the arguments; the error is one line for the user.</summary>
    public static (CommandLine Options, string? Error) Parse(IReadOnlyList<string> arguments)
    {
        var options = new CommandLine();
        for (var i = 0; i < arguments.Count; i += 2)
        {
            var (name, value) = (arguments[i], i + 1 < arguments.Count ? arguments[i + 1] : null);
            if (value is null)
            {
                return (options, name.StartsWith("--", StringComparison.Ordinal) ? $"{name} needs a value. {Usage}" : $"Unknown argument '{name}'. {Usage}");
            }

            switch (name)
            {
                case "--urls" when Uri.TryCreate(value, UriKind.Absolute, out var url) && url.Scheme == Uri.UriSchemeHttp:
                    options = options with { Urls = value };
                    break;
                case "--urls":
                    return (options, $"--urls {value} is no http address, for instance http://127.0.0.1:5000.");
                case "--data":
                    options = options with { Data = value };
                    break;
                case "--import" when File.Exists(value):
                    options = options with { Import = value };
                    break;
                case "--import":
                    return (options, $"--import {value}: there is no such file.");
                case "--silo-port" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65000:
                    options = options with { SiloPort = port };
                    break;
                case "--silo-port":
                    return (options, $"--silo-port {value} is no port from 1 to 64999.");
                default:
                    return (options, $"Unknown option '{name}'. {Usage}");
            }
        }

        return (options, null);
    }

    private const string Usage = "Options: --urls URL, --data DIR, --import FILE, --silo-port PORT.";
}
