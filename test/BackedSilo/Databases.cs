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
    /// <param name="kind"><c>postgresql</c>, <c>redis</c> or <c>memory</c>, whose rows die with the process.</param>
    /// <param name="connection">Connection string.</param>
    public static ISiloBuilder AddDatabase(this ISiloBuilder silo, string kind, string connection) => kind switch
    {
        "postgresql" => silo.AddAdoNetGrainStorage(Name, options =>
        {
            options.Invariant = "Npgsql";
            options.ConnectionString = connection;
        }),
        "redis" => silo.AddRedisGrainStorage(Name, options => options.ConfigurationOptions = ConfigurationOptions.Parse(connection)),
        "memory" => silo.AddMemoryGrainStorage(Name),
        _ => throw new ArgumentException($"'{kind}' is none of postgresql, redis and memory.", nameof(kind)),
    };
}
