using Orleans.Configuration;
using Orleans.Hosting;
using StackExchange.Redis;

namespace BackedSilo;

/// <summary>Grain storages that keep their rows in a real server.</summary>
public static class Databases
{
    /// <summary>Name under which the storage is registered.</summary>
    public const string Name = "database";

    /// <summary>Registers the storage.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="kind"><c>postgresql</c> or <c>redis</c>.</param>
    /// <param name="connection">Connection string.</param>
    public static ISiloBuilder AddDatabase(this ISiloBuilder silo, string kind, string connection) => kind switch
    {
        "postgresql" => silo.AddAdoNetGrainStorage(Name, options =>
        {
            options.Invariant = "Npgsql";
            options.ConnectionString = connection;
        }),
        "redis" => silo.AddRedisGrainStorage(Name, options => options.ConfigurationOptions = ConfigurationOptions.Parse(connection)),
        _ => throw new ArgumentException($"'{kind}' is neither postgresql nor redis.", nameof(kind)),
    };
}
